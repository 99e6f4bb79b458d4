"""Question to the kernel: which living process of this host has a spool's files open to write."""

import fcntl
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

#: struct flock of fcntl(2): kind, whence, start, length, process.
_LOCK = struct.Struct("hhqqi4x")


def user_of(database: Path) -> int | None:
    """Return the process that has a database open, 0 for one that we can't see, None for none.

    SQLite holds locks for as long as it has a database with a log open; of other programs, such as
    one that still copies it, only those of our own user can be seen, or all by root.
    """
    files = [Path(f"{database}{suffix}") for suffix in ("", "-wal", "-shm")]
    present = [file for file in files if file.exists()]
    for file in present:
        if (holder := _lock_holder(file)) is not None:
            return holder
    return next(_writers(present), None)


def _lock_holder(file: Path) -> int | None:
    with file.open("rb") as opened:
        asked = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, holder = _LOCK.unpack(fcntl.fcntl(opened, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else max(holder, 0)


def _writers(files: Iterable[Path]) -> Iterator[int]:
    wanted = {(status.st_dev, status.st_ino) for status in (file.stat() for file in files)}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            status = link.stat()
            if (status.st_dev, status.st_ino) in wanted and _is_to_write(link):
                yield int(link.parts[2])
        except OSError:
            continue  # it ended meanwhile, or is another user's


def _is_to_write(link: Path) -> bool:
    for line in (link.parent.parent / "fdinfo" / link.name).read_text().splitlines():
        if line.startswith("flags:"):
            return int(line.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY
    return False
