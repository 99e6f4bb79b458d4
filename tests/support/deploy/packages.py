"""The Debian package, built from this tree: as it is, and under an older version's number."""

import fcntl
import os
import subprocess
from pathlib import Path, PurePosixPath

REPOSITORY = Path(__file__).parents[3]
#: Stands for the build before: the same code, so that what is tested is the upgrade.
BEFORE = "0.0.9"
#: Where the machine sees the folder of both.
SEEN_AT = PurePosixPath("/srv/packages")
BUILD_SECONDS = 240


def built(directory: Path, version: str = "") -> Path:
    """Return the package in a folder that the processes of a run share; the first one builds it.

    They build one at a time, since all builds keep their wheels in the same place.
    """
    output = directory / (version or "now")
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not output.exists():
            unfinished = directory / "unfinished"
            _build(unfinished, version)
            unfinished.rename(output)
    (package,) = output.glob("*.deb")
    return package


def seen_there(package: Path) -> PurePosixPath:
    """Return where the machine sees a package."""
    return SEEN_AT / package.parent.name / package.name


def _build(output: Path, version: str) -> None:
    done = subprocess.run(
        [REPOSITORY / "deploy" / "build_deb.sh"],
        env={**os.environ, "OUTPUT": str(output), "VERSION": version},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def wheelhouse(package: Path, directory: Path) -> Path:
    """Unpack the wheels of a package and return their folder."""
    subprocess.run(["dpkg-deb", "--extract", package, directory], check=True, timeout=60)
    return directory / "usr/share/hopline/wheels"
