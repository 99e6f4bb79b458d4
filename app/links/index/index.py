"""Index that finds links by text, tags and state, in any order, however many there are."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from app.changes.trail import open_trail
from app.config.settings import Settings
from app.links.index.file import IndexFile
from app.links.index.follower import Follower
from app.links.index.journal import facts
from app.links.index.question import FEW, Place, Question, Sort, Way, page, place_of, ways
from app.links.link import CorruptLink, Link, LinkNotFound, decode
from app.links.store import LinkStore, open_store
from app.stores.redis.address import is_cluster

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hit:
    """A link that was found.

    Attributes:
        uses: clicks of its limit that are used.
        clicks: that were counted of it, as of some time.
        last_click_ms: Unix milliseconds of the last of them, 0 without any.
    """

    link: Link
    uses: int
    clicks: int
    last_click_ms: int


@dataclass(frozen=True, slots=True)
class Hits:
    """A page of links.

    Attributes:
        after: where to go on, or None at the end.
        clicks_as_of: Unix seconds as of which clicks were counted; None if they never were.
    """

    hits: tuple[Hit, ...]
    after: Place | None
    clicks_as_of: float | None


class _Found(NamedTuple):
    code: str
    value: int | str
    clicks: int
    last_click_ms: int


class LinkIndex:
    """Finds links; every method raises as those of :class:`app.links.index.follower.Follower`.

    Args:
        file: what :attr:`follower` keeps fresh.
    """

    def __init__(self, file: IndexFile, store: LinkStore, follower: Follower) -> None:
        self._file = file
        self._store = store
        self.follower = follower

    def find(self, question: Question, *, limit: int, after: Place | None = None) -> Hits:
        """Return the next links that match, after all changes that were made before.

        Raises:
            NotFilled: the index doesn't hold all links yet.
        """
        self.follower.catch_up()
        with self._file.reading() as file:
            found = _find(file, question, limit + 1, after)
            as_of = facts(file).get("clicks_as_of")
        hits = self._hits(found[:limit])
        last = found[limit - 1] if len(found) > limit else None
        following = Place(last.value, last.code) if last else None
        return Hits(tuple(hits), following, as_of if isinstance(as_of, float) else None)

    def place(self, code: str, sort: Sort) -> Place:
        """Return a link's place in an order.

        Raises:
            LinkNotFound: no link has the code, nor had one.
        """
        self.follower.catch_up()
        sql = place_of(code, sort)
        with self._file.reading() as file:
            found = file.execute(sql.text, sql.values).fetchone()
        if found is None:
            raise LinkNotFound(f"no link has the code {code!r} to go on after")
        return Place(found[0], code)

    def tags(self, own: Sequence[str] = ()) -> dict[str, int]:
        """Return how many links carry each tag.

        Args:
            own: of which a link carries one, if whoever asks sees no other links.
        """
        self.follower.catch_up()
        marks = ", ".join("?" * len(own))
        among = f"WHERE id IN (SELECT id FROM tagged WHERE tag IN ({marks}))" if own else ""  # noqa: S608
        text = f"SELECT tag, count(*) FROM tagged {among} GROUP BY tag"  # noqa: S608 - marks
        with self._file.reading() as file:
            return dict(file.execute(text, tuple(own)))

    def _hits(self, found: Sequence[_Found]) -> Iterator[Hit]:
        links = dict(self._links([each.code for each in found]))
        uses = self._store.uses_of(list(links.values()))
        for each in found:
            if link := links.get(each.code):
                yield Hit(link, uses[each.code], each.clicks, each.last_click_ms)

    def _links(self, codes: Sequence[str]) -> Iterator[tuple[str, Link]]:
        for code, raw in zip(codes, self._store.peek(codes), strict=True):
            try:
                if raw is not None:
                    yield code, decode(code, raw)
            except CorruptLink as error:
                logger.warning("Left out of the list: %s", error)


def open_index(settings: Settings) -> LinkIndex:
    """Return the index of an installation; it opens its file and connects when first used."""
    store, url = open_store(settings), settings.redis_url
    file = IndexFile(settings.links_index)
    follower = Follower(file, store, open_trail(settings), is_late=is_cluster(url))
    return LinkIndex(file, store, follower)


def _find(
    file: sqlite3.Connection, question: Question, limit: int, after: Place | None
) -> list[_Found]:
    sql = page(question, _way(file, question), after, limit)
    return [_Found(*row) for row in file.execute(sql.text, sql.values)]


def _way(file: sqlite3.Connection, question: Question) -> Way:
    """Return the way on which the fewest links are looked at."""
    *narrow, last = ways(question)
    counted = [
        (file.execute(way.few.text, way.few.values).fetchone()[0], way) for way in narrow if way.few
    ]
    few, way = min(counted, key=itemgetter(0), default=(FEW + 1, last))
    return way if few <= FEW else last
