"""Counts of clicks that another program told of when links were imported, beside the links.

Rule: they are what somebody said, and are shown as that: no figure of a report has them. Of a link
that is imported again the last count stays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from app.links.ranks import Ranks
from app.stores.keys import LINK_IMPORTED
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

_PIECE = 1_000


class Imported(NamedTuple):
    """What was told of a link.

    Attributes:
        clicks: that the other program had counted.
        at_ms: when, in Unix milliseconds: the beginning of the import.
    """

    clicks: int
    at_ms: int


class ImportedCounts:
    """Keeps counts by code; every call blocks for Redis, and raises as the links' store does."""

    def __init__(self, client: "redis.Redis", url: str) -> None:
        self._client = client
        self._url = url

    def note(self, counts: Mapping[str, int], at_ms: int) -> None:
        """Note what was told of links."""
        if counts:
            texts: dict[Any, Any] = {code: f"{clicks}:{at_ms}" for code, clicks in counts.items()}
            with translated(self._url):
                self._client.hset(LINK_IMPORTED, mapping=texts)

    def all(self) -> Iterator[tuple[str, Imported]]:
        """Yield the codes of links, deleted ones too, with what was told of each."""
        for piece in Ranks(self._client, self._url).all_pieces():
            yield from self.of([entry.code for entry in piece]).items()

    def restore(self, counts: Iterable[tuple[str, Imported]]) -> None:
        """Note what was told of links of which nothing was told since."""
        waiting = iter(counts)
        while piece := dict(islice(waiting, _PIECE)):
            known = self.of(list(piece))
            new: dict[Any, Any] = {
                code: f"{clicks}:{at_ms}"
                for code, (clicks, at_ms) in piece.items()
                if code not in known
            }
            if new:
                with translated(self._url):
                    self._client.hset(LINK_IMPORTED, mapping=new)

    def of(self, codes: Sequence[str]) -> dict[str, Imported]:
        """Return what was told of links, by code; of others nothing."""
        if not codes:
            return {}
        with translated(self._url):
            held: Any = self._client.hmget(LINK_IMPORTED, list(codes))
        pairs = zip(codes, held, strict=True)
        return {code: _read(raw) for code, raw in pairs if raw is not None}


def _read(raw: bytes) -> Imported:
    clicks, _, at_ms = raw.partition(b":")
    return Imported(int(clicks), int(at_ms))
