"""The programs of Hopline itself, as children of `hopline up`."""

import socket
import sys
from collections.abc import Mapping
from typing import Literal

from app.config.settings import Settings
from app.health.worker_status import WorkerStates
from app.local.ports import http_status
from app.local.process_group import ANALYTICS_NICENESS
from app.processes.child import Program
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, translated

_READY_PATH = "/-/ready"


def gunicorn_program(
    service: Literal["redirect", "console"], settings: Settings, environ: Mapping[str, str]
) -> Program:
    """Return how to run the redirect service or the console."""
    config, app = f"python:app.{service}.gunicorn_conf", f"app.{service}.wsgi:get_app()"
    bind: str = getattr(settings, f"{service}_bind")
    return Program(
        service,
        (sys.executable, "-m", "gunicorn", "--config", config, app),
        environ,
        lambda: http_status(bind, _READY_PATH) == 200,
    )


def workers_program(settings: Settings, environ: Mapping[str, str]) -> Program:
    """Return how to run the workers' supervisor."""
    argv = (sys.executable, "-m", "workers")
    return Program(
        "workers",
        argv,
        environ,
        lambda: _all_consumers_work(settings),
        niceness=ANALYTICS_NICENESS,
    )


def demo_program(environ: Mapping[str, str]) -> Program:
    """Return how to run the trickle of made-up clicks; it answers nobody."""
    return Program("demo", (sys.executable, "-m", "app.local.demo"), environ)


def _all_consumers_work(settings: Settings) -> bool:
    """Tell whether a supervisor of this machine shows that all its consumers have begun."""
    url = settings.redis_url
    try:
        with (
            translated(url),
            connect(url, timeout_seconds=settings.redis_timeout_seconds) as client,
        ):
            # What XINFO knows of a consumer is no sign of life: before Redis 7.2 one that has
            # read nothing yet doesn't exist.
            states = WorkerStates(client, url, settings.stream, settings.group).all()
    except RedisError:
        return False
    host = socket.gethostname()
    return any(state.host == host and state.state == "running" for state in states)
