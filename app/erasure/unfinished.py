"""Note on disk of the clicks that are being erased, so that an erasure that was killed goes on.

An entry tells whose click it is. Once it is deleted, the click's row may hold no more than a
network, and its id is all that it can be found by.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from app.processes.private_files import make_private

_DIGITS = 32


class Unfinished:
    """Ids of clicks, one a line; the file is there while an erasure goes on. Raises OSError.

    Args:
        directory: is made when it is needed.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "unfinished"

    def read(self) -> set[bytes] | None:
        """Return the ids of an erasure that was broken off; None where none was."""
        try:
            lines = self._path.read_text("ascii", "replace").splitlines()
        except FileNotFoundError:
            return None
        # A line that was cut off is of a click that nothing was done to.
        return {bytes.fromhex(line) for line in lines if len(line) == _DIGITS}

    def add(self, click_ids: Iterable[bytes]) -> None:
        """Note ids, which are on disk afterwards."""
        make_private(self._path.parent)
        with self._path.open("a", encoding="ascii") as file:
            # Behind a line that was cut off.
            file.write("\n" + "".join(f"{one.hex()}\n" for one in click_ids))
            file.flush()
            os.fsync(file.fileno())

    def clear(self) -> None:
        """Note that all is done."""
        self._path.unlink(missing_ok=True)
