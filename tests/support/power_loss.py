"""Loss of power: it takes from a store's folder what was never synced, which `kill -9` leaves.

A file that was written and not brought to the disk has its name after a crash of the machine, and
no bytes: that is what ext4 leaves. A part whose own name did not reach the disk is gone. The log of
deduplication tokens stays, which is the worst that can happen.
"""

import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.preload import compile_library

_SOURCE = Path(__file__).with_name("synced.c")
#: As ``struct note`` of synced.c.
_NOTE = struct.Struct("=Qqq")
#: A part's own files stand in a folder of this form: partition, blocks, level.
_PART = "*_*_*_*"
#: Every part that is whole has it.
_OF_A_PART = "checksums.txt"
#: And so has what a part holds in another order, in a folder within it.
_PROJECTION = ".proj"


class _Synced(NamedTuple):
    """The last changes of a file or folder, of its bytes and of its inode, that were synced."""

    changed_ns: int = -1
    renamed_ns: int = -1


class PowerLoss:
    """Knows what the processes with :attr:`environ` have synced; see synced.c."""

    def __init__(self, directory: Path) -> None:
        """Compile the library into a directory, where its notes stand, too."""
        directory.mkdir(parents=True, exist_ok=True)
        self._notes = directory / "synced.notes"
        library = compile_library(_SOURCE, directory)
        self.environ = {"LD_PRELOAD": str(library), "SYNCED_NOTES": str(self._notes)}

    def empty_files(self, store: Path, since_ns: int = 0) -> list[Path]:
        """Empty the files of parts that never reached the disk; the processes must not be running.

        Args:
            since_ns: what was changed before then, the kernel has written back by itself.
        """
        synced = self._synced()
        lost = []
        for path in _files(store):
            of_file = path.stat()
            is_synced = synced.get(of_file.st_ino, _Synced()).changed_ns >= of_file.st_mtime_ns
            if of_file.st_size and of_file.st_mtime_ns >= since_ns and not is_synced:
                os.truncate(path, 0)
                lost.append(path)
        return lost

    def remove_parts(self, store: Path) -> list[Path]:
        """Remove the parts whose names never reached the disk; no process must be running."""
        synced = self._synced()
        lost = []
        for part in {found.parent for found in store.rglob(_OF_A_PART)}:
            if part.suffix == _PROJECTION:
                continue
            of_part = part.stat()
            if synced.get(of_part.st_ino, _Synced()).renamed_ns < of_part.st_ctime_ns:
                shutil.rmtree(part)
                lost.append(part)
        return lost

    def _synced(self) -> dict[int, _Synced]:
        notes = self._notes.read_bytes() if self._notes.exists() else b""
        whole = notes[: len(notes) // _NOTE.size * _NOTE.size]
        return {inode: _Synced(*times) for inode, *times in _NOTE.iter_unpack(whole)}


def _files(store: Path) -> Iterator[Path]:
    for part in store.glob(f"**/{_PART}"):
        if part.is_dir():
            yield from (path for path in part.rglob("*") if path.is_file())
