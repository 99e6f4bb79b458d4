"""The ClickHouse that `hopline up` runs: its configuration file and command line.

Two programs can be it: the library of the chDB package, and the operator's own `clickhouse`.
"""

import re
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from app.local import clickhouse_host
from app.local.clickhouse_access import LISTEN, USER, access, embedded_access
from app.local.memory import memory_bytes
from app.local.ports import LOOPBACK, is_listening
from app.local.process_group import ANALYTICS_NICENESS
from app.processes.child import Program
from app.processes.private_files import write_private

DATABASE = "hopline"
_MIB = 1 << 20
_LEAST_MEMORY_BYTES = 1024 * _MIB
_VERSION_SECONDS = 10.0


def embedded_program(library: Path, directory: Path, port: int, password: str = "") -> Program:
    """Return how to run chDB's library as a server that keeps its data in a directory.

    It listens when it has run its file of queries, and stops when its standard input is closed.

    Args:
        password: without one, all users of this machine read and change everything, with our rights
            to files.
    """
    closed = embedded_access(directory, password) if password else ""
    config = f"<clickhouse>{_common_config(directory)}{closed}</clickhouse>\n"
    config_path = write_config(directory, config)
    listen = directory / "listen.sql"
    write_private(listen, LISTEN)
    options = (
        ("path", str(directory / "store")),
        ("config-file", str(config_path)),
        ("listen_host", LOOPBACK),
        ("tcp_port", str(port)),
        ("queries-file", str(listen)),
    )
    argv = [sys.executable, "-I", str(Path(clickhouse_host.__file__)), str(library)]
    for name, value in options:
        argv += [f"--{name}", value]
    argv += ["--interactive", "--disable_suggestion"]
    return _program(tuple(argv), port, stops_on_eof=True)


def server_program(binary: Path, directory: Path, port: int, password: str) -> Program:
    """Return how to run the operator's `clickhouse` binary on a directory of ours."""
    config = write_config(directory, _server_config(directory, port, password))
    return _program((str(binary), "server", f"--config-file={config}"), port, stops_on_eof=False)


def binary_version(binary: Path) -> tuple[int, int] | None:
    """Return the version of a `clickhouse` binary, or None when it won't say."""
    try:
        said = subprocess.run(
            [binary, "server", "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version (\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else None


def clickhouse_url(port: int, database: str = DATABASE, password: str = "") -> str:
    """Return the URL of a database on a server of this machine.

    Args:
        password: of letters and digits; empty for none.
    """
    login = f"{USER}:{password}" if password else "default"
    return f"clickhouse://{login}@{LOOPBACK}:{port}/{database}"


def write_config(directory: Path, config: str) -> Path:
    """Write a configuration file into a data directory, and return its path."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "config.xml"
    write_private(path, config)
    return path


def memory_limit_bytes(total_bytes: int) -> int:
    """Return what ClickHouse may use: half of the memory, whose other half is for everything else.

    On a small machine it is more of it, but never all: a query that is refused is better than a
    server that the kernel ends.
    """
    return max(total_bytes // 2, min(_LEAST_MEMORY_BYTES, total_bytes * 3 // 4))


def _program(argv: tuple[str, ...], port: int, *, stops_on_eof: bool) -> Program:
    return Program(
        "clickhouse",
        argv,
        is_ready=lambda: is_listening(port),
        stops_on_eof=stops_on_eof,
        niceness=ANALYTICS_NICENESS,
    )


def _server_config(directory: Path, port: int, password: str) -> str:
    """Return a whole server's configuration in one file."""
    return f"""<clickhouse>{_common_config(directory)}
  <umask>077</umask>
  <path>{escape(str(directory / "store"))}/</path>
  <tmp_path>{escape(str(directory / "tmp"))}/</tmp_path>
  <listen_host>{LOOPBACK}</listen_host>
  <tcp_port>{port}</tcp_port>
  {access(directory, password)}
</clickhouse>
"""


def _common_config(directory: Path) -> str:
    """Return what both programs are told: a rotated log of warnings, and modest caches.

    The log tables of the server (query_log and its kin) are left out: they would outgrow the clicks
    of a small site, and only start when they are named here.
    """
    return f"""
  <logger>
    <level>warning</level>
    <log>{escape(str(directory / "server.log"))}</log>
    <size>10M</size>
    <count>3</count>
    <console>0</console>
  </logger>
  <max_server_memory_usage>{memory_limit_bytes(memory_bytes())}</max_server_memory_usage>
  <mark_cache_size>{64 * _MIB}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
"""
