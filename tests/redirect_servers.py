"""Real redirect services for tests: gunicorn with its worker processes, on free ports."""

import os
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

from app.processes.child import Program
from tests.servers import Server

_GUNICORN = ("-m", "gunicorn", "-c", "python:app.redirect.gunicorn_conf")


class RedirectServer(Server):
    """The redirect service over one Redis, with settings by their variables' names."""

    def __init__(self, directory: Path, redis_url: str, **settings: object) -> None:
        super().__init__(
            lambda at, port: _program(at, port, {"redis_url": redis_url, **settings}), directory
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def exchange(self, request: bytes) -> bytes:
        """Send a request and return all that is answered until the connection is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(65536), b""))


def _program(directory: Path, port: int, settings: dict[str, object]) -> Program:
    values = {
        "redirect_bind": f"127.0.0.1:{port}",
        "redirect_workers": 1,
        "redirect_metrics_bind": "off",
        "data_dir": directory,
        **settings,
    }
    environ = {name: value for name, value in os.environ.items() if "HOPLINE_" not in name}
    environ |= {f"HOPLINE_{name.upper()}": str(value) for name, value in values.items()}
    return Program("redirect", (sys.executable, *_GUNICORN), environ, lambda: _is_ready(port))


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
