"""Installs of the peers that are not Python's: fetched or compiled, never into the repository."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import platformdirs

#: The servers that we compare with, each in its own language.
PEERS = Path(__file__).parents[1] / "peers"
_FASTIFY = PEERS / "fastify"
_INSTALL_SECONDS = 180


class InstallFailed(Exception):
    """What a peer needs could not be installed or compiled; the text is the program's own."""


def fastify_script() -> Path:
    """Return the Node peer beside its packages, which the first use fetches into the user's cache.

    Raises:
        InstallFailed: when npm fails.
    """
    package = (_FASTIFY / "package.json").read_bytes()
    cache = platformdirs.user_cache_path("hopline") / "bench"
    directory = cache / f"fastify-{hashlib.sha256(package).hexdigest()[:12]}"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "package.json").write_bytes(package)
    installed = directory / "installed"
    if not installed.exists():
        argv = ["npm", "install", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
        _run(argv, directory, _INSTALL_SECONDS)
        installed.touch()
    return Path(shutil.copy(_FASTIFY / "server.mjs", directory))


def go_program(directory: Path) -> Path:
    """Compile the Go peer, one file of the standard library, into a folder; return the program.

    Raises:
        InstallFailed: when the compiler refuses.
    """
    program = directory / "peer"
    _run(["go", "build", "-o", str(program), str(PEERS / "go" / "main.go")], directory)
    return program


def _run(argv: Sequence[str], directory: Path, seconds: float | None = None) -> None:
    said = " ".join(argv[:2])
    try:
        subprocess.run(
            argv, cwd=directory, capture_output=True, text=True, timeout=seconds, check=True
        )
    except subprocess.CalledProcessError as error:
        raise InstallFailed(f"{said} failed: {error.stderr.strip()}") from None
    except subprocess.TimeoutExpired:
        raise InstallFailed(f"{said} took over {seconds} s") from None
