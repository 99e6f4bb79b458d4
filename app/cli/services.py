"""The services, each run in the place of the command."""

import os
import sys

from app import settings


def redirect() -> None:
    """Run the redirect service until it is told to stop.

    It listens at HOPLINE_REDIRECT_BIND with HOPLINE_REDIRECT_WORKERS processes.
    """
    _gunicorn("redirect")


def console() -> None:
    """Run the console until it is told to stop.

    It listens at HOPLINE_CONSOLE_BIND, and is not meant to be open to the public.
    """
    _gunicorn("console")


def _gunicorn(service: str) -> None:
    become("gunicorn", "-c", f"python:app.{service}.gunicorn_conf", f"app.{service}.wsgi:get_app()")


def become(module: str, *arguments: str) -> None:
    """Replace this process, so that signals and exit codes are the service's own."""
    settings.load()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - no shell
