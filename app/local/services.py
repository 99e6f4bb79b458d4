"""The programs of Hopline itself, as children of `hopline up`."""

import sys
from collections.abc import Mapping

from app.local.child import Program
from app.local.ports import http_status
from app.settings import Settings

_READY_PATH = "/-/ready"


def redirect_program(settings: Settings, environ: Mapping[str, str]) -> Program:
    """Return how to run the redirect service."""
    bind = settings.redirect_bind
    return Program(
        "redirect",
        _gunicorn("app.redirect"),
        environ,
        lambda: http_status(bind, _READY_PATH) == 200,
    )


def console_program(settings: Settings, environ: Mapping[str, str]) -> Program:
    """Return how to run the console."""
    bind = settings.console_bind
    return Program(
        "console",
        _gunicorn("app.console"),
        environ,
        lambda: http_status(bind, _READY_PATH) == 200,
    )


def workers_program(environ: Mapping[str, str]) -> Program:
    """Return how to run the workers' supervisor."""
    return Program("workers", (sys.executable, "-m", "workers"), environ, lambda: True)


def demo_program(environ: Mapping[str, str]) -> Program:
    """Return how to run the trickle of made-up clicks."""
    return Program("demo", (sys.executable, "-m", "app.local.demo"), environ, lambda: True)


def _gunicorn(package: str) -> tuple[str, ...]:
    return (
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        f"python:{package}.gunicorn_conf",
        f"{package}.wsgi:get_app()",
    )
