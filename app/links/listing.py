"""Lists of links, read from the sorted sets of codes beside them."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from app.links.codes import is_valid
from app.links.link import CorruptLink, Link, LinkNotFound, decode
from app.links.validation import read_tag
from app.stores.keys import LINK_DELETED, LINK_INDEX, link_key, link_tag_key
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

logger = logging.getLogger(__name__)

#: Links read in one round trip.
_SCAN = 500


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, newest links first.

    Attributes:
        after: what to ask for next, or None when this is the end.
    """

    links: tuple[Link, ...]
    after: str | None


class LinkList:
    """Lists the links of a store; it skips index entries whose link is missing or can't be read.

    Every method blocks for Redis, and raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(self, client: "redis.Redis", url: str) -> None:
        self._client = client
        self._url = url

    def page(self, *, after: str | None = None, limit: int = 50, tag: str | None = None) -> Page:
        """Return links that are not deleted, newest first.

        Args:
            after: the code after which the page starts, as the page before says.
            limit: most links on the page.
            tag: only links that carry it.

        Raises:
            LinkNotFound: ``after`` is no code of this list.
            InvalidLink: no link can carry the tag.
        """
        found = tuple(islice(self.scan(after=after, tag=tag), limit + 1))
        return Page(found[:limit], found[limit - 1].code if len(found) > limit else None)

    def scan(
        self, *, after: str | None = None, tag: str | None = None, deleted: bool = False
    ) -> Iterator[Link]:
        """Yield all links, newest first, tombstones only if wanted; links may change meanwhile.

        Raises:
            LinkNotFound: ``after`` is no code of this list.
            InvalidLink: no link can carry the tag.
        """
        tag = read_tag(tag) if tag else None
        key = link_tag_key(tag) if tag else LINK_INDEX
        while True:
            codes_found = self._codes_after(key, after)
            for link in self._existing(codes_found):
                if (deleted or not link.deleted) and (not tag or tag in link.tags):
                    yield link
            if len(codes_found) < _SCAN:
                return
            after = codes_found[-1]

    def count(self, *, deleted: bool = False) -> int:
        """Return how many links there are, disabled and expired ones among them.

        Args:
            deleted: count those, too.
        """
        with translated(self._url):
            indexed: int = self._client.zcard(LINK_INDEX)
            return indexed if deleted else indexed - self._client.scard(LINK_DELETED)

    def _codes_after(self, key: str, after: str | None) -> list[str]:
        with translated(self._url):
            rank: Any = -1
            if after is not None:
                rank = self._client.zrevrank(key, after) if is_valid(after) else None
            if rank is None:
                raise LinkNotFound(f"no link has the code {after!r} to go on after")
            found: Any = self._client.zrange(key, rank + 1, rank + _SCAN, desc=True)
        return [code.decode() for code in found]

    def _existing(self, codes_found: Sequence[str]) -> Iterator[Link]:
        if not codes_found:
            return
        with translated(self._url):
            texts: Any = self._client.mget([link_key(code) for code in codes_found])
        for code, raw in zip(codes_found, texts, strict=True):
            if raw is not None and (link := _readable(code, raw)):
                yield link


def _readable(code: str, raw: bytes) -> Link | None:
    try:
        return decode(code, raw)
    except CorruptLink as error:
        logger.warning("Left out of the list: %s", error)
        return None
