"""A real gunicorn that serves one of the echo applications."""

import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Self

import psutil

from app.processes.child import Child, Program
from tests.servers import free_port

ROOT = Path(__file__).parents[4]
WORKER = "app.redirect.worker.RedirectWorker"


class Gunicorn:
    """gunicorn on a free port; as a context manager it runs, and is killed at the end.

    Args:
        bind: e.g. unix:PATH; a free port by default.
        inherited: listening sockets to pass as systemd does.
    """

    def __init__(
        self,
        directory: Path,
        *args: str,
        app: str = "quick",
        worker: str = WORKER,
        bind: str = "",
        inherited: tuple[int, ...] = (),
        environ: dict[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.bind = bind or f"127.0.0.1:{self.port}"
        argv = [sys.executable, "-m", "gunicorn", "--no-control-socket", "-k", worker,
                "--graceful-timeout", "5", "--keep-alive", "20", *args]  # fmt: skip
        if not inherited:
            argv += ["-b", self.bind]
        program = Program(
            "gunicorn",
            (*argv, f"tests.app.redirect.http.echo:{app}"),
            {**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
            self._answers,
        )
        self.log_path = directory / f"gunicorn-{self.port}.log"
        self._child = Child(program, self.log_path, inherited)

    def __enter__(self) -> Self:
        self._child.spawn()
        try:
            self._child.wait_until_ready(20)
        except BaseException:
            self._child.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    @property
    def is_running(self) -> bool:
        return self._child.is_running

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
        sock.settimeout(10)
        return sock

    def workers(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.pid).children()]

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait_until_gone(self, seconds: float) -> float:
        """Wait for the end, and return how long it took."""
        began = time.monotonic()
        while self._child.is_running:
            assert time.monotonic() < began + seconds, self.log
            time.sleep(0.02)
        return time.monotonic() - began

    def _answers(self) -> bool:
        try:
            with self.connect() as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: ready\r\nConnection: close\r\n\r\n")
                return sock.recv(12) == b"HTTP/1.1 302"
        except OSError:
            return False
