"""Programs of tests that need packages of npm, which are fetched once per user."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from app.processes.file_lock import locked

_INSTALL_SECONDS = 600


def installed(folder: Path, cache_dir: Path, build: Sequence[str] = ()) -> Path:
    """Return a copy of a folder with its package.json installed, and something built of it.

    Whoever comes second waits for the first; what was broken off is done anew.

    Args:
        build: command that is run in the copy, once.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    content = b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in files)
    digest = hashlib.sha256(content + repr(build).encode()).hexdigest()[:12]
    copy = cache_dir / f"test-{folder.name}-{digest}"
    done = copy / "installed"
    cache_dir.mkdir(parents=True, exist_ok=True)
    with locked(cache_dir / f".{copy.name}.lock"):
        if not done.exists():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(folder, copy)
            _run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], copy)
            if build:
                _run(build, copy)
                # What was built needs them no more, and they take much room.
                shutil.rmtree(copy / "node_modules")
            done.touch()
    return copy


def _run(command: Sequence[str], folder: Path) -> None:
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
    )
    assert ended.returncode == 0, f"{command[0]}: {ended.stdout}{ended.stderr}"
