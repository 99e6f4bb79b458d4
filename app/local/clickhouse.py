"""The ClickHouse that `hopline up` runs: its configuration file and command line.

Two programs can be it: the library of the chDB package, and the operator's own `clickhouse`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from app.local import clickhouse_host
from app.local.child import Program
from app.local.ports import LOOPBACK, is_listening

DATABASE = "hopline"
_MIB = 1 << 20
_LEAST_MEMORY_BYTES = 1024 * _MIB
_VERSION_SECONDS = 10.0
_LISTEN = "SYSTEM START LISTEN TCP; SELECT count() FROM table"


def embedded_program(library: Path, directory: Path, port: int) -> Program:
    """Return how to run chDB's library as a server that keeps its data in a directory."""
    config = write_config(directory, _embedded_config(directory))
    options = {
        "path": str(directory / "store"),
        "config-file": str(config),
        "listen_host": LOOPBACK,
        "tcp_port": str(port),
        "structure": "line String",
        "input-format": "LineAsString",
        "query": _LISTEN,
    }
    argv = [sys.executable, "-I", str(Path(clickhouse_host.__file__)), str(library)]
    for name, value in options.items():
        argv += [f"--{name}", value]
    return _program(tuple(argv), port, stops_on_eof=True)


def server_program(binary: Path, directory: Path, port: int) -> Program:
    """Return how to run the operator's `clickhouse` binary on a directory of ours."""
    config = write_config(directory, _server_config(directory, port))
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


def clickhouse_url(port: int, database: str = DATABASE) -> str:
    """Return the URL of a database on a server of this machine."""
    return f"clickhouse://default@{LOOPBACK}:{port}/{database}"


def write_config(directory: Path, config: str) -> Path:
    """Write a configuration file into a data directory, and return its path."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "config.xml"
    path.write_text(config)
    return path


def memory_limit_bytes(total_bytes: int) -> int:
    """Return what ClickHouse may use: half the machine, whose other half is for everything else."""
    return max(total_bytes // 2, _LEAST_MEMORY_BYTES)


def _program(argv: tuple[str, ...], port: int, *, stops_on_eof: bool) -> Program:
    # A connection that is opened and closed is the one probe that the embedded server, which
    # aborts on a half-sent hello, takes for sure.
    return Program(
        "clickhouse",
        argv,
        dict(os.environ),
        lambda: is_listening(port),
        stops_on_eof=stops_on_eof,
    )


def _total_memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _embedded_config(directory: Path) -> str:
    return f"<clickhouse>{_common_config(directory)}</clickhouse>\n"


def _server_config(directory: Path, port: int) -> str:
    """Return a whole server's configuration in one file: it names itself for users and profiles."""
    users = escape(str(directory / "config.xml"))
    return f"""<clickhouse>{_common_config(directory)}
  <umask>077</umask>
  <path>{escape(str(directory / "store"))}/</path>
  <tmp_path>{escape(str(directory / "tmp"))}/</tmp_path>
  <listen_host>{LOOPBACK}</listen_host>
  <tcp_port>{port}</tcp_port>
  <user_directories><users_xml><path>{users}</path></users_xml></user_directories>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>{LOOPBACK}</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </default>
  </users>
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
  <max_server_memory_usage>{memory_limit_bytes(_total_memory_bytes())}</max_server_memory_usage>
  <mark_cache_size>{64 * _MIB}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
"""
