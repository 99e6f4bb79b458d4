"""Real services for tests: gunicorn with its worker processes, on free ports."""

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from app.local.ports import http_status
from app.processes.child import Program
from tests.support.servers import Server, environ_of

#: Visitors wait as long as a busy machine stands still, where a test is not about their patience:
#: what they are answered and where their clicks go would depend on it.
_PATIENT = {"record_budget_ms": 10_000, "lookup_budget_ms": 10_000}
#: As by default, for what measures how long visitors wait.
REAL_BUDGETS = {"record_budget_ms": 10, "lookup_budget_ms": 25}


class RedirectServer(Server):
    """The redirect service over one Redis, with settings by their variables' names."""

    def __init__(self, directory: Path, redis_url: str, **settings: object) -> None:
        values = {"redirect_workers": 1, "redirect_metrics_bind": "off", "data_dir": directory}
        values |= {**_PATIENT, "redis_url": redis_url, **settings}
        super().__init__(lambda _, port: _program("redirect", port, "ready", values), directory)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def exchange(self, request: bytes) -> bytes:
        """Send a request and return all that is answered until the connection is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(65536), b""))


class ConsoleServer(Server):
    """The console, with settings by their variables' names; it is up without its stores."""

    def __init__(self, directory: Path, **settings: object) -> None:
        values = {"data_dir": directory, **settings}
        super().__init__(lambda _, port: _program("console", port, "live", values), directory)


def _program(service: str, port: int, sign: str, settings: Mapping[str, object]) -> Program:
    bind = f"127.0.0.1:{port}"
    argv = (sys.executable, "-m", "gunicorn", "-c", f"python:app.{service}.gunicorn_conf")
    return Program(
        service,
        (*argv, f"app.{service}.wsgi:get_app()"),
        environ_of(**{f"{service}_bind": bind, **settings}),
        lambda: http_status(bind, f"/-/{sign}") == 200,
    )
