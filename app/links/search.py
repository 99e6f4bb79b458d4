"""Search that finds links by tag, state and text, a page at a time, however many there are.

Rule: a page looks at a bounded number of links. Where few of them match, it is short or empty, and
      says after which link to go on: each answer is quick, and none is missing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from app.links.link import Link, State
from app.links.ranks import Entry
from app.links.store import LinkStore

#: Links looked at for a page at most, and in one round trip.
LOOKED_AT = 5_000
_PIECE = 500


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is looked for.

    Attributes:
        tag: that a link carries, as links do; None for any.
        tags: of which it carries one; none for all links.
        state: that it is in; None for any.
        text: that stands in its code, target or title, in upper or lower case; '' for any.
    """

    tag: str | None = None
    tags: Collection[str] = ()
    state: State | None = None
    text: str = ""

    @property
    def is_open(self) -> bool:
        """Whether every link of the list matches."""
        return not (self.tags or self.state or self.text)

    def match(self, link: Link, now: float, uses: int) -> bool:
        """Tell whether a link is one of those.

        Args:
            now: Unix seconds.
            uses: clicks of its limit that are used.
        """
        return (
            (not self.tags or not set(self.tags).isdisjoint(link.tags))
            and (not self.text or self._is_in(link))
            and (not self.state or link.state(now, uses) == self.state)
        )

    def _is_in(self, link: Link) -> bool:
        text = self.text.casefold()
        return any(text in held.casefold() for held in (link.code, link.target, link.title))


@dataclass(frozen=True, slots=True)
class Found:
    """A page of links, newest first.

    Attributes:
        links: each with how many clicks of its limit are used.
        after: behind which to go on; None when there are no more.
    """

    links: tuple[tuple[Link, int], ...]
    after: Entry | None


def search(
    store: LinkStore, criteria: Criteria, *, limit: int, now: float, after: Entry | None = None
) -> Found:
    """Return the next links that match; what is made or deleted meanwhile shifts no other.

    Args:
        limit: most links of a page.
        now: Unix seconds, for their states.
        after: where the page before ended.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    # Where all match, no more are read than are shown, and one to see whether there are others.
    size = min(limit + 1, _PIECE) if criteria.is_open else _PIECE
    seen, place, found = 0, after, list[tuple[Link, int]]()
    tag = criteria.tag or (next(iter(criteria.tags)) if len(criteria.tags) == 1 else None)
    for entries, links in store.links.pieces(tag, after, size):
        matching = _matching(store, criteria, links, now)
        found += islice(matching, limit + 1 - len(found))
        if len(found) > limit:
            last = found[limit - 1][0]
            return Found(tuple(found[:limit]), Entry(last.code, last.created_ms))
        seen, place = seen + len(entries), entries[-1]
        if len(entries) < size:
            return Found(tuple(found), None)
        if seen >= max(LOOKED_AT, size):
            break
    else:
        place = None
    return Found(tuple(found), place)


def _matching(
    store: LinkStore, criteria: Criteria, links: Collection[Link], now: float
) -> Iterator[tuple[Link, int]]:
    uses = store.uses_of(list(links))
    return ((link, uses[link.code]) for link in links if criteria.match(link, now, uses[link.code]))
