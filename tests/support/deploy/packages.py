"""The Debian package, built from this tree: as it is, and under an older version's number."""

import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
#: Stands for the build before: the same code, so that what is tested is the upgrade.
BEFORE = "0.0.9"
BUILD_SECONDS = 240


def build(output: Path, version: str = "") -> Path:
    """Build the package into a folder and return its path."""
    done = subprocess.run(
        [REPOSITORY / "deploy" / "build_deb.sh"],
        env={**os.environ, "OUTPUT": str(output), "VERSION": version},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


def wheelhouse(package: Path, directory: Path) -> Path:
    """Unpack the wheels of a package and return their folder."""
    subprocess.run(["dpkg-deb", "--extract", package, directory], check=True, timeout=60)
    return directory / "usr/share/hopline/wheels"
