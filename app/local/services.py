"""The programs of Hopline itself, as children of `hopline up`."""

import sys
from collections.abc import Mapping

from app import redis
from app.local.child import Program
from app.local.ports import http_status
from app.settings import Settings

_READY_PATH = "/-/ready"
#: A consumer that waits for entries asks again after its block time, and a little more.
_SLACK_MS = 1_000


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


def workers_program(settings: Settings, environ: Mapping[str, str]) -> Program:
    """Return how to run the workers' supervisor."""
    argv = (sys.executable, "-m", "workers")
    return Program("workers", argv, environ, lambda: _all_consumers_read(settings))


def demo_program(environ: Mapping[str, str]) -> Program:
    """Return how to run the trickle of made-up clicks; it answers nobody."""
    return Program("demo", (sys.executable, "-m", "app.local.demo"), environ, lambda: True)


def _all_consumers_read(settings: Settings) -> bool:
    """Tell whether as many consumers as there should be have asked for entries lately."""
    url = settings.redis_url
    try:
        with (
            redis.translated(url),
            redis.connect(url, timeout_seconds=settings.redis_timeout_seconds) as client,
        ):
            consumers = client.xinfo_consumers(settings.stream, settings.group)
    except redis.RedisError:
        return False
    longest_idle_ms = settings.block_ms + _SLACK_MS
    reading = [consumer for consumer in consumers if consumer["idle"] <= longest_idle_ms]
    return len(reading) >= settings.consumers


def _gunicorn(package: str) -> tuple[str, ...]:
    return (
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        f"python:{package}.gunicorn_conf",
        f"{package}.wsgi:get_app()",
    )
