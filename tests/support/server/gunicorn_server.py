"""A real gunicorn that serves one of the echo applications."""

import os
import socket
import sys
from pathlib import Path

from app.processes.child import Program
from tests.support.servers import Server

ROOT = Path(__file__).parents[3]
WORKER = "app.redirect.server.gunicorn.worker.RedirectWorker"


class Gunicorn(Server):
    """gunicorn on a free port; as a context manager it runs, and is killed at the end.

    Args:
        bind: e.g. unix:PATH; a free port by default.
    """

    def __init__(
        self,
        directory: Path,
        *args: str,
        app: str = "quick",
        worker: str = WORKER,
        bind: str = "",
    ) -> None:
        def make_program(_directory: Path, port: int) -> Program:
            self.bind = bind or f"127.0.0.1:{port}"
            argv = [sys.executable, "-m", "gunicorn", "--no-control-socket", "-k", worker,
                    "--graceful-timeout", "5", "--keep-alive", "20", *args,
                    "-b", self.bind, f"tests.support.server.echo:{app}"]  # fmt: skip
            environ = {**os.environ, "PYTHONPATH": str(ROOT)}
            return Program("gunicorn", tuple(argv), environ, self._answers)

        super().__init__(make_program, directory)

    def connect(self) -> socket.socket:
        if self.bind.startswith("unix:"):
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(self.bind.removeprefix("unix:"))
            except OSError:
                sock.close()
                raise
        else:
            sock = socket.create_connection(("127.0.0.1", self.port))
        sock.settimeout(60)
        return sock

    def wait_until_gone(self, seconds: float) -> None:
        """Wait for the end."""
        assert self._child.wait(seconds), self.log

    def _answers(self) -> bool:
        try:
            with self.connect() as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: ready\r\nConnection: close\r\n\r\n")
                return sock.recv(12) == b"HTTP/1.1 302"
        except OSError:
            return False
