"""Entries of sorted sets of codes by their places, the newest first.

Rule: each piece begins behind the last entry of the one before, also where that entry is gone.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from app.stores.keys import LINK_INDEX, LINK_TOMBSTONES
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

#: Entries read in one round trip.
SCAN = 500


class Entry(NamedTuple):
    """A link's place in a list, which it keeps."""

    code: str
    created_ms: int


class Ranks:
    """Reads sorted sets; raises what :class:`app.links.listing.LinkList` does."""

    def __init__(self, client: "redis.Redis", url: str) -> None:
        self._client = client
        self._url = url

    def pieces(
        self, key: str, after: Entry | None = None, size: int = SCAN
    ) -> Iterator[list[Entry]]:
        """Yield a list's entries, some at a time."""
        rank = 0 if after is None else self.behind(key, after)
        while entries := self.entries(key, rank, size):
            yield entries
            if len(entries) < size:
                return
            rank = self.behind(key, entries[-1])

    def all_pieces(self) -> Iterator[list[Entry]]:
        """Yield all links, and then the deleted ones, some at a time."""
        for key in (LINK_INDEX, LINK_TOMBSTONES):
            yield from self.pieces(key)

    def entries(self, key: str, rank: int, size: int = SCAN) -> list[Entry]:
        """Return the entries at some places."""
        with translated(self._url):
            found: Any = self._client.zrange(key, rank, rank + size - 1, desc=True, withscores=True)
        return [Entry(code.decode(), int(score)) for code, score in found]

    def behind(self, key: str, entry: Entry) -> int:
        """Return the place behind an entry, or where it would be."""
        with translated(self._url):
            rank: Any = self._client.zrevrank(key, entry.code)
            if rank is not None:
                return int(rank) + 1
            # Those of one moment are in the order of their codes, the last one first.
            first = self.of_first(key, str(entry.created_ms))
            behind = self.of_first(key, f"({entry.created_ms}")

            def is_behind(place: int) -> bool:
                codes: Any = self._client.zrange(key, first + place, first + place, desc=True)
                return not codes or codes[0] < entry.code.encode()

            return first + bisect_left(range(max(behind - first, 0)), True, key=is_behind)

    def of_first(self, key: str, newest: str) -> int:
        """Return the place of the newest entry that is not newer, as ZRANGE's BYSCORE has it."""
        found: Any = self._client.zrange(
            key, newest, "-inf", desc=True, byscore=True, offset=0, num=1
        )
        if not found:
            return int(self._client.zcard(key))
        rank: Any = self._client.zrevrank(key, found[0])
        # It may be gone by now.
        return self.of_first(key, newest) if rank is None else int(rank)
