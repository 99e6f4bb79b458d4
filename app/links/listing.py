"""Lists of links, read from the sorted sets of codes beside them.

Rule 1: a list is gone through by place, and each piece begins behind the last entry of the one
        before, also where that entry is gone by then: links that are added or deleted meanwhile
        shift nothing.
Rule 2: entries of tombstones, and of links that have lost the list's tag, are taken off a list when
        they are met. Versions before left them there, and an editor may have been interrupted.
Rule 3: who takes a link off a list looks at the link once more, and who gives a link a tag, or
        restores a deleted one, lists it before and after: whichever comes last, a link that belongs
        on a list is there.
"""

import heapq
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from app.links.codes import is_valid
from app.links.link import CorruptLink, Link, LinkNotFound, decode
from app.links.ranks import SCAN, Entry, Ranks
from app.links.validation import read_tag
from app.stores.keys import LINK_DELETED, LINK_INDEX, LINK_TOMBSTONES, link_key, link_tag_key
from app.stores.redis.client import despite_full
from app.stores.redis.errors import RedisError, translated

if TYPE_CHECKING:
    import redis

logger = logging.getLogger(__name__)


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
        self._ranks = Ranks(client, url)
        self._may_tidy = True

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

    def scan(self, *, after: str | None = None, tag: str | None = None) -> Iterator[Link]:
        """Yield links that are not deleted, newest first; they may change meanwhile.

        Raises:
            LinkNotFound: ``after`` is no code of this list.
            InvalidLink: no link can carry the tag.
        """
        tag = read_tag(tag) if tag else None
        start = None if after is None else self._entry(_list_key(tag), after)
        for _, links in self.pieces(tag, start):
            yield from links

    def pieces(
        self, tag: str | None, after: Entry | None, size: int = SCAN
    ) -> Iterator[tuple[list[Entry], list[Link]]]:
        """Yield entries of a list, newest first, with the links that are there and belong to it.

        Args:
            tag: as links carry it; None for all links.
            after: behind which to begin, be it there or not.
            size: of a piece.
        """
        key = _list_key(tag)
        for entries in self._ranks.pieces(key, after, size):
            links = self._tidied(key, entries, tag)
            yield (
                entries,
                [link for link in links if not link.deleted and (not tag or tag in link.tags)],
            )

    def at(self, place: int, size: int) -> list[Link]:
        """Return links by their place among all, newest first; what is gone leaves no other."""
        entries = self._ranks.entries(LINK_INDEX, place, size) if size else []
        return [link for link in self._tidied(LINK_INDEX, entries) if not link.deleted]

    def scan_all(self) -> Iterator[Link]:
        """Yield all links and tombstones, newest first.

        What is deleted meanwhile is among them once, as it was or as its tombstone.
        """
        newest, listed = float("inf"), set[str]()
        for entries in self._ranks.pieces(LINK_INDEX):
            links = self._tidied(LINK_INDEX, entries)
            oldest = entries[-1].created_ms
            of_oldest = {entry.code for entry in entries if entry.created_ms == oldest}
            # Read after the index: whoever deletes writes here before taking away from there.
            buried = self._tombstones(newest, oldest, listed | {entry.code for entry in entries})
            yield from heapq.merge(links, buried, key=_age, reverse=True)
            # Those of the oldest moment are yet to come, for there may be more of its links.
            listed = of_oldest | listed if oldest == newest else of_oldest
            newest = oldest
        yield from self._tombstones(newest, float("-inf"), listed)

    def sweep(
        self, after: Entry | None, size: int, *, deleted: bool
    ) -> Iterator[tuple[Entry, list[Link]]]:
        """Yield all links, some at a time with the last entry among them, or all deleted ones.

        Args:
            after: behind which to begin.
        """
        for entries in self._ranks.pieces(LINK_TOMBSTONES if deleted else LINK_INDEX, after, size):
            yield entries[-1], list(self._existing([entry.code for entry in entries]))

    def count(self, *, deleted: bool = False) -> int:
        """Return how many links there are, disabled and expired ones among them.

        Args:
            deleted: count those, too.
        """
        with translated(self._url):
            indexed: int = self._client.zcard(LINK_INDEX)
            if deleted:
                return indexed + self._client.zcard(LINK_TOMBSTONES)
            return indexed - self._client.scard(LINK_DELETED)

    def count_made(self, since_ms: int, until_ms: int, *, tag: str | None = None) -> int:
        """Return how many links that are there were made in a time, its end not included."""
        with translated(self._url):
            return int(self._client.zcount(_list_key(tag), since_ms, f"({until_ms}"))

    def tidy(self, codes_buried: Sequence[str]) -> None:
        """Take the entries of tombstones off the index, where they still are."""
        if not codes_buried:
            return
        with translated(self._url):
            asked = self._client.pipeline(transaction=False)
            for code in codes_buried:
                asked.zscore(LINK_INDEX, code)
            scores = zip(codes_buried, asked.execute(), strict=True)
        if found := [Entry(code, int(score)) for code, score in scores if score is not None]:
            self._bury(found)

    def enter(self, entries: Iterable[tuple[str, Link]]) -> None:
        """Put links on lists, where they aren't there.

        Args:
            entries: keys of lists, and what goes there.
        """
        pairs_of: dict[str, list[str | int]] = {}
        for key, link in entries:
            pairs_of.setdefault(key, []).extend((link.created_ms, link.code))
        with translated(self._url), self._client.pipeline(transaction=False) as entered:
            for key, pairs in pairs_of.items():
                # Also on a full Redis: an entry is as small as the change of which it is a part.
                entered.execute_command(*despite_full(key, "ZADD", key, "NX", *pairs))  # type: ignore[no-untyped-call]
            entered.execute()

    def unlist_under(self, tag: str, codes: Collection[str]) -> None:
        """Take links off the list of a tag, but for those that have it after all."""
        key = link_tag_key(tag)
        with translated(self._url):
            self._client.zrem(key, *codes)
        self.enter((key, link) for link in self._existing(codes) if tag in link.tags)

    def keep_up(self, before: Link, link: Link) -> None:
        """List a link after a change, by its tags and if it was restored: see rule 3."""
        if before.deleted and not link.deleted:
            self._unbury(link)
        self.keep_each_up([(before, link)])

    def keep_each_up(self, changes: Sequence[tuple[Link, Link]]) -> None:
        """List links, which were not restored, by their tags after a change: see rule 3."""
        self.enter(
            (link_tag_key(tag), link)
            for before, link in changes
            for tag in set(link.tags) - set(before.tags)
        )
        lost: dict[str, list[str]] = {}
        for before, link in changes:
            for tag in set(before.tags) - set(link.tags):
                lost.setdefault(tag, []).append(link.code)
        for tag, codes in lost.items():
            self.unlist_under(tag, codes)

    def take_off(self, gone: Sequence[Link]) -> None:
        """Take links whose tombstones stand off the lists."""
        self.tidy([link.code for link in gone])
        tagged = self._client.pipeline(transaction=False)
        for link in gone:
            for tag in link.tags:
                tagged.zrem(link_tag_key(tag), link.code)
        tagged.execute()

    def _entry(self, key: str, code: str) -> Entry:
        if is_valid(code):
            with translated(self._url):
                for each in (key, LINK_TOMBSTONES):
                    score = self._client.zscore(each, code)
                    if score is not None:
                        return Entry(code, int(score))
        raise LinkNotFound(f"no link has the code {code!r} to go on after")

    def _tombstones(self, newest: float, oldest: float, listed: Set[str]) -> Iterator[Link]:
        """Yield those of some time, ``oldest`` not included, that are not listed elsewhere."""
        with translated(self._url):
            rank = self._ranks.of_first(LINK_TOMBSTONES, f"{newest:.0f}")
        while entries := self._ranks.entries(LINK_TOMBSTONES, rank):
            due = [entry for entry in entries if entry.created_ms > oldest]
            codes = [entry.code for entry in due if entry.code not in listed]
            for link in self._existing(codes):
                if link.deleted or self._is_put_back(link):
                    yield link
            if len(due) < SCAN:
                return
            rank = self._ranks.behind(LINK_TOMBSTONES, entries[-1])

    def _is_put_back(self, link: Link) -> bool:
        """Put a link back on its lists if it lives and is not there, and tell whether it wasn't.

        In a cluster a failover may lose a tombstone, and not what another primary took off.
        """
        with translated(self._url):
            if self._client.zscore(LINK_INDEX, link.code) is not None:
                return False
            for key in (LINK_INDEX, *map(link_tag_key, link.tags)):
                self._client.zadd(key, {link.code: link.created_ms}, nx=True)
        return True

    def _tidied(self, key: str, entries: Sequence[Entry], tag: str | None = None) -> list[Link]:
        """Return the links of a list's entries, and take those off that it shouldn't have."""
        links = list(self._existing([entry.code for entry in entries]))
        stale = {link.code for link in links if (tag not in link.tags if tag else link.deleted)}
        if stale and self._may_tidy:
            try:
                if tag:
                    self.unlist_under(tag, stale)
                else:
                    self._bury([entry for entry in entries if entry.code in stale])
            except RedisError as error:
                # It would take no other either, being full or read only.
                self._may_tidy = False
                logger.info("Links that are gone stay in the way of %s: %s", key, error)
        return links

    def _bury(self, buried: Sequence[Entry]) -> None:
        """Move entries of tombstones from the index to theirs."""
        codes = [entry.code for entry in buried]
        # Also on a full Redis: it takes no more than it gives back.
        pairs = [word for entry in buried for word in (entry.created_ms, entry.code)]
        add = despite_full(LINK_TOMBSTONES, "ZADD", LINK_TOMBSTONES, "NX", *pairs)
        with translated(self._url):
            self._client.execute_command(*add)  # type: ignore[no-untyped-call]
            self._client.zrem(LINK_INDEX, *codes)
            self._client.srem(LINK_DELETED, *codes)
        for link in self._existing(codes):
            if not link.deleted:
                self._unbury(link)

    def _unbury(self, link: Link) -> None:
        """Move a restored link's entry to the index, where one stands as it is restored."""
        with translated(self._url):
            self._client.zrem(LINK_TOMBSTONES, link.code)
            self._client.srem(LINK_DELETED, link.code)
        self.enter([(LINK_INDEX, link)])

    def _existing(self, codes_found: Collection[str]) -> Iterator[Link]:
        if not codes_found:
            return
        with translated(self._url):
            texts: Any = self._client.mget([link_key(code) for code in codes_found])
        for code, raw in zip(codes_found, texts, strict=True):
            if raw is not None and (link := _readable(code, raw)):
                yield link


def _list_key(tag: str | None) -> str:
    return link_tag_key(tag) if tag else LINK_INDEX


def _age(link: Link) -> tuple[int, str]:
    return link.created_ms, link.code


def _readable(code: str, raw: bytes) -> Link | None:
    try:
        return decode(code, raw)
    except CorruptLink as error:
        logger.warning("Left out of the list: %s", error)
        return None
