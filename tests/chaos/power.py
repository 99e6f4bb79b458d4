"""Takes from a store's folder what a loss of power takes: the bytes that were never synced.

A file that was written and not brought to the disk has its name after a crash of the machine, and
no bytes: that is what ext4 leaves. The kernel writes back by itself what is older than half a
minute, so such files are left alone.
"""

import os
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_SOURCE = Path(__file__).with_name("synced.c")
#: As ``struct note`` of synced.c.
_NOTE = struct.Struct("=Qq")
#: ``vm.dirty_expire_centisecs`` and ``vm.dirty_writeback_centisecs`` of Linux.
_WRITTEN_BACK_SECONDS = 35.0
#: A part's own files stand in a folder of this form: partition, blocks, level.
_PART = "*_*_*_*"


class PowerLoss:
    """Knows which files of a folder's processes with :attr:`environ` are on the disk."""

    def __init__(self, directory: Path) -> None:
        """Compile the library beside the folder.

        Raises:
            subprocess.CalledProcessError, OSError: the C compiler fails, or there is none.
        """
        self._directory = directory
        above = directory.parent
        above.mkdir(parents=True, exist_ok=True)
        library, self._notes = above / "synced.so", above / "synced.notes"
        compiler = os.environ.get("CC", "gcc")
        subprocess.run(
            [compiler, "-O1", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True
        )
        self.environ = {"LD_PRELOAD": str(library), "CHAOS_SYNCED": str(self._notes)}

    def strike(self) -> list[Path]:
        """Empty the files that never reached the disk; the processes must not be running.

        Returns: those files.
        """
        synced = self._synced()
        since_ns = time.time_ns() - int(_WRITTEN_BACK_SECONDS * 1e9)
        lost = []
        for path in self._files():
            of_file = path.stat()
            is_old = of_file.st_mtime_ns < since_ns
            is_synced = synced.get(of_file.st_ino, -1) >= of_file.st_mtime_ns
            if of_file.st_size and not (is_old or is_synced):
                os.truncate(path, 0)
                lost.append(path)
        return lost

    def _synced(self) -> dict[int, int]:
        """Return the time of the last change that was synced, by inode."""
        notes = self._notes.read_bytes() if self._notes.exists() else b""
        return dict(_NOTE.iter_unpack(notes[: len(notes) // _NOTE.size * _NOTE.size]))

    def _files(self) -> Iterator[Path]:
        for part in self._directory.glob(f"**/{_PART}"):
            if part.is_dir():
                yield from (path for path in part.rglob("*") if path.is_file())
