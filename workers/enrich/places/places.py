"""Places of addresses, by all databases that the operator has."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from workers.enrich.places.database import PlaceDatabase
from workers.enrich.places.place import Place, merged

#: How often files are looked at, which costs 2 µs each.
LOOK_MS = 10_000


class Standing(NamedTuple):
    """How old and how complete the databases are.

    Attributes:
        built_at: when the oldest one in use was made, in Unix seconds; 0 for none.
        unusable: how many files are missing, or can't be read.
    """

    built_at: int
    unusable: int


class Places:
    """Tells where addresses are.

    Args:
        paths: of the databases; the first that knows an answer gives it.
        folder: where copies of them have room.
        note: is told how the databases are, whenever files were looked at.

    Raises:
        BadPlaceDatabase: one of the files is none.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        folder: Path,
        note: Callable[[Standing], None] = lambda _: None,
    ) -> None:
        self._databases = [PlaceDatabase(path, folder) for path in paths]
        # One has nothing to be merged with.
        self._only = self._databases[0] if len(self._databases) == 1 else None
        self._note = note
        self._looked_ms = 0
        self._tell()

    @property
    def version(self) -> str:
        """Type and day of each database that answers."""
        return ", ".join(filter(None, (one.version for one in self._databases)))

    def look(self, now_ms: int) -> bool:
        """Take the files that have been replaced; tell whether there were any.

        Args:
            now_ms: Unix milliseconds.
        """
        if abs(now_ms - self._looked_ms) < LOOK_MS:
            return False
        self._looked_ms = now_ms
        replaced = [one for one in self._databases if one.look()]
        self._tell()
        return bool(replaced)

    def place(self, address: str) -> Place:
        """Return where an address is; of tunnels, the one that tells."""
        if self._only is not None:
            return self._only.find(address)[0]
        return merged([one.find(address)[0] for one in self._databases])

    def _tell(self) -> None:
        built = [one.built_at for one in self._databases if one.built_at]
        unusable = sum(not one.is_usable for one in self._databases)
        self._note(Standing(min(built, default=0), unusable))
