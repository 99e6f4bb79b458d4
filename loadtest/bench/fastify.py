"""The Node peer: installed once into the user's cache, never into the repository."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import platformdirs

from loadtest.bench.servers import PEERS

_SOURCE = PEERS / "fastify"
_INSTALL_SECONDS = 180


class InstallFailed(Exception):
    """npm could not install what the peer needs; the text is npm's."""


def absent() -> str:
    """Return what Node lacks here, or an empty text."""
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    return f"no {', '.join(missing)} on PATH" if missing else ""


def installed_script() -> Path:
    """Return the peer's script beside its installed packages, fetching them on the first use.

    Raises:
        InstallFailed: when npm fails.
    """
    package = (_SOURCE / "package.json").read_bytes()
    directory = _cache() / f"fastify-{hashlib.sha256(package).hexdigest()[:12]}"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "package.json").write_bytes(package)
    if not (directory / "installed").exists():
        _install(directory)
    return Path(shutil.copy(_SOURCE / "server.mjs", directory))


def _cache() -> Path:
    return platformdirs.user_cache_path("hopline") / "bench"


def _install(directory: Path) -> None:
    argv = ["npm", "install", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        subprocess.run(
            argv,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise InstallFailed(f"npm install failed: {error.stderr.strip()}") from None
    except subprocess.TimeoutExpired:
        raise InstallFailed(f"npm install took over {_INSTALL_SECONDS} s") from None
    (directory / "installed").touch()
