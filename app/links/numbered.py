"""Numbered pages of links in any order, for programs that know no cursors.

Rule: a page looks at a bounded number of links, the newest, and says so where there are more. All
      links, newest first, need no bound: their places are known.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from app.links.link import Link
from app.links.store import LinkStore

#: Links looked at for a page in another order, or of some links.
LOOKED_AT = 50_000
_PIECE = 500

#: Tells by a link, and how many clicks of its limit are used, whether it belongs to the list.
Match = Callable[[Link, int], bool]


class TooManyLinks(Exception):
    """There are more links than can be looked at; the text says how many can."""


@dataclass(frozen=True, slots=True)
class Links:
    """Links that match, newest first.

    Attributes:
        is_bounded: whether there are older ones that nobody has looked at.
    """

    links: Sequence[Link]
    is_bounded: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and how many links there are on all pages."""

    links: Sequence[Link]
    total: int
    is_bounded: bool = False


def all_newest(store: LinkStore, *, size: int, skipped: int) -> Page:
    """Return a page of all links, newest first; where one was just deleted, it is one shorter.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    return Page(store.links.at(skipped, size), store.links.count())


def matching(
    store: LinkStore, match: Match, *, tag: str | None = None, most: int = LOOKED_AT
) -> Links:
    """Return the links that match, among those looked at.

    Args:
        tag: that each of them carries, as links do, which leaves fewer to look at; None for any.
        most: how many are looked at.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    found, seen = list[Link](), 0
    for entries, links in store.links.pieces(tag, None, _PIECE):
        uses = store.uses_of(links)
        found += (link for link in links if match(link, uses[link.code]))
        seen += len(entries)
        if seen >= most:
            return Links(found, is_bounded=len(entries) == _PIECE)
    return Links(found)


def page_of(
    links: Links,
    *,
    size: int,
    skipped: int,
    key: Callable[[Link], Any] | None = None,
    is_falling: bool = False,
) -> Page:
    """Return a page of links that match.

    Args:
        key: what they are ordered by, those that are equal by newness; None for newest first.
        is_falling: whether what has most comes first.
    """
    ordered = links.links
    if key is not None:
        ordered = sorted(links.links, key=key, reverse=is_falling)
    return Page(ordered[skipped : skipped + size], len(links.links), links.is_bounded)


def find_same(
    store: LinkStore, wanted: Link, options: Collection[str], is_seen: Match
) -> Link | None:
    """Return the newest link with the target and options of another, or None.

    Args:
        options: names of those that have to be equal.
        is_seen: tells which links may be found.

    Raises:
        TooManyLinks: it was not found, and there are links that nobody has looked at.
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    names = ("target", *options)

    def is_same(link: Link, uses: int) -> bool:
        return all(getattr(link, name) == getattr(wanted, name) for name in names) and is_seen(
            link, uses
        )

    tag = wanted.tags[0] if wanted.tags and "tags" in options else None
    found = matching(store, is_same, tag=tag)
    if not found.links and found.is_bounded:
        raise TooManyLinks(f"it is none of the newest {LOOKED_AT} links, and there are others")
    return found.links[0] if found.links else None
