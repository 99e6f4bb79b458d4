"""Data directory that one `hopline up` at a time holds: who may use it, and what stands in it."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from app.config.loading import RUNNING_FILE
from app.config.variables import variable
from app.processes.child import wait_for
from app.processes.file_lock import try_lock
from app.processes.private_files import make_private, write_private

#: What stands in it; anything else was there before us.
_OURS = (
    "clickhouse",
    "clickhouse-server",
    "lock",
    "logs",
    "metrics",
    "replay",
    "running.*",
    "spool",
    "spool.waiting",
    "valkey",
)
_MB = 1_000_000
#: ClickHouse and Valkey both stop writing on a full disk; below this there is no use in starting.
_LEAST_FREE_BYTES = 200 * _MB
#: How long the processes of a run that was killed get to end.
_ORPHAN_SECONDS = 15.0


class DataDirRefused(Exception):
    """The directory can't be used; the text says why and what to do."""


class DataDir:
    """A directory that one `hopline up` at a time keeps its stores, spool and logs in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.valkey = path / "valkey"
        self.clickhouse = path / "clickhouse"
        self.clickhouse_server = path / "clickhouse-server"
        self.logs = path / "logs"
        self._running = path / RUNNING_FILE
        self._lock = path / "lock"

    @contextmanager
    def held(
        self, say: Callable[[str], None], is_stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[int]:
        """Hold the directory for this process; yields the lock's file descriptor.

        Children that get the descriptor hold the directory with us, so that after we were killed no
        second Valkey or ClickHouse starts on files that the first one is still writing.

        Args:
            say: tells a person one line.
            is_stopped: whether there is no use any more in waiting for the last run's processes.

        Raises:
            DataDirRefused: it is in use, can't be written, or its disk is full.
        """
        with self._refusals():
            make_private(self.path, _OURS)
            self.logs.mkdir(mode=0o700, exist_ok=True)
            self.valkey.mkdir(mode=0o700, exist_ok=True)
            self._require_space()
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(lock, say, is_stopped)
            yield lock
        finally:
            os.close(lock)

    def log_path(self, name: str) -> Path:
        """Return where a child's output goes; the last run's is kept beside it, once."""
        path = self.logs / f"{name}.log"
        if path.exists():
            path.replace(path.with_suffix(".log.1"))
        return path

    def write_running(self, values: Mapping[str, str]) -> None:
        """Write down, for the command in another terminal, where everything answers.

        Args:
            values: settings' field names and values; URLs may hold passwords.
        """
        lines = (f"{variable(name)}={_quoted(value)}\n" for name, value in values.items())
        with self._refusals():
            write_private(self._running, "".join(lines))

    def remove_running(self) -> None:
        """Remove what :meth:`write_running` wrote, if it can be: others have to stop as well."""
        with suppress(OSError):
            self._running.unlink(missing_ok=True)

    def _take(self, lock: int, say: Callable[[str], None], is_stopped: Callable[[], bool]) -> None:
        if not try_lock(lock):
            owner = int(os.pread(lock, 32, 0) or b"0")
            if _is_alive(owner):
                raise DataDirRefused(
                    f"hopline is already running on {self.path} (process {owner}):"
                    " stop it, or give another folder with --data"
                )
            say("waiting for the processes of the last run to end")
            wait_for(lambda: is_stopped() or try_lock(lock), _ORPHAN_SECONDS)
            if not try_lock(lock):
                raise DataDirRefused(f"processes of a run that was killed still use {self.path}")
        with self._refusals():
            os.truncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)

    def _require_space(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free < _LEAST_FREE_BYTES:
            raise DataDirRefused(
                f"{self.path} has {free // _MB} MB free:"
                f" make {_LEAST_FREE_BYTES // _MB} MB free, or give another folder with --data"
            )

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror
            if error.errno == errno.ENOSPC:
                why = "the disk is full; make room, or give another folder with --data"
            raise DataDirRefused(f"can't use {self.path}: {why}") from error


def _quoted(value: str) -> str:
    """Return the value as python-dotenv reads it back."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
