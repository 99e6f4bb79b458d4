"""The wall clock and the disks of the processes under test, to be set and filled at will.

To set a machine's clock takes CAP_SYS_TIME, to mount a small disk takes root, and a time namespace
shifts only the clocks that no step ever touches. A library that is loaded into each process does
both without rights, for just those processes; see warp.c.
"""

import mmap
import struct
from pathlib import Path

from tests.support.preload import compile_library

_SOURCE = Path(__file__).with_name("warp.c")
#: As ``struct warp`` of warp.c.
_LAYOUT = struct.Struct("=q248s")


class Warp:
    """What all processes with :attr:`environ` believe about the time and the room on disk."""

    def __init__(self, directory: Path) -> None:
        """Compile the library into a directory, with the clock right and room on every disk."""
        library, page = compile_library(_SOURCE, directory), directory / "warp.page"
        page.write_bytes(bytes(_LAYOUT.size))
        self.environ = {"LD_PRELOAD": str(library), "CHAOS_WARP": str(page)}
        self._offset_seconds = 0
        self._full = b""
        with page.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _LAYOUT.size)

    def set_clock(self, offset_seconds: int) -> None:
        """Set the wall clock so far ahead of the real one; a negative number sets it back."""
        self._offset_seconds = offset_seconds
        self._write()

    def fill(self, part_of_path: str) -> None:
        """Have files whose path contains this text take no more bytes; '' makes room again."""
        self._full = part_of_path.encode()
        self._write()

    def _write(self) -> None:
        self._page[:] = _LAYOUT.pack(self._offset_seconds, self._full)
