"""Files that hold visitors' addresses or secrets: for the user who runs Hopline, and nobody else.

Rule 1: whoever may write such files keeps the rest of the world out of all that it makes, from its
        first line on: :func:`keep_to_ourselves`.
Rule 2: what an older version left open is closed when its directory is used again, and the
        directory last, so that a start that was cut off goes on the next time.
"""

import os
import stat
from collections.abc import Collection
from pathlib import Path

_DIRECTORY_MODE = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def keep_to_ourselves() -> None:
    """Have all files that this process and its children make be the user's alone (umask(2))."""
    os.umask(_OTHERS)


def make_private(directory: Path, ours: Collection[str] = ("*",)) -> None:
    """Make a directory that only its user looks into, or close one that others could look into.

    In a directory that is there what is ours is closed; the directory itself is only if nothing
    else is in it, for it may be everybody's. What belongs to another user is left to that user.

    Args:
        ours: patterns of the names that we give to what is in it.

    Raises:
        OSError: it can't be made or read.
    """
    directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    if not is_open_to_others(directory):
        return
    found = list(directory.iterdir())
    mine = [path for path in found if any(path.match(pattern) for pattern in ours)]
    for path in mine:
        _close_all(path)
    if len(mine) == len(found):
        _close(directory)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its user reads, as a whole: nobody finds half of it.

    Raises:
        OSError: it can't be written.
    """
    unfinished = path.with_name(f"{path.name}.tmp")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(text)
        unfinished.replace(path)
    except OSError as error:
        # Of a full disk, Python doesn't say which file it was.
        raise OSError(error.errno, error.strerror, str(path)) from error


def is_open_to_others(path: Path) -> bool:
    """Tell whether group or others may do anything with a file or directory."""
    return bool(path.stat().st_mode & _OTHERS)


def _close_all(path: Path) -> None:
    """Close a file, or a directory with all that is in it, from the leaves up."""
    if path.is_symlink():
        return
    for folder, _, names in os.walk(path, topdown=False):
        for name in names:
            _close(Path(folder, name))
        _close(Path(folder))
    if path.is_file():
        _close(path)


def _close(path: Path) -> None:
    try:
        status = path.lstat()
        is_ours = status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode)
        if is_ours and status.st_mode & _OTHERS:
            path.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS)
    except FileNotFoundError:
        return  # whoever owns it has just removed it
