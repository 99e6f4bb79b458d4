"""Finder of links: by the search index, or without it as far as the lists of Redis go."""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice

from app.links.index.file import IndexUnusable
from app.links.index.follower import NotFilled
from app.links.index.index import Hit, Hits, LinkIndex
from app.links.index.question import Place, Question
from app.links.link import Link
from app.links.ranks import Entry
from app.links.search import Criteria, search
from app.links.store import LinkStore

logger = logging.getLogger(__name__)

#: Links that are looked for at once where all are asked for.
_PAGE = 1_000
#: Links that a filter finds at most, for a change of all of them.
MOST_MEANT = 1_000_000


class CountDiffers(Exception):
    """A filter finds another number of links than whoever wants to change them has seen."""


class Finder:
    """Finds links.

    Args:
        index: None where there is none.
    """

    def __init__(self, store: LinkStore, index: LinkIndex | None) -> None:
        self._store = store
        self._index = index
        self._is_told = False

    def find(
        self, question: Question, *, limit: int, now: float, after: Place | None = None
    ) -> Hits:
        """Return the next links that match.

        Without the index a page looks at a bounded number of links, so that it may be short.

        Raises:
            NotFilled, IndexUnusable: what is asked for takes the index, which isn't there yet.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        try:
            if self._index:
                return self._index.find(question, limit=limit, after=after)
        except (NotFilled, IndexUnusable) as error:
            self._tell(error)
            if not _is_simple(question):
                raise
        if not _is_simple(question):
            raise IndexUnusable("this console has no index of links")
        return self._look(question, limit, now, after)

    def all(self, question: Question, now: float) -> Iterator[Link]:
        """Yield all links that match, a page at a time; raises what :meth:`find` does."""
        after = None
        while True:
            page = self.find(question, limit=_PAGE, now=now, after=after)
            yield from (hit.link for hit in page.hits)
            after = page.after
            if after is None:
                return

    def meant(self, question: Question, expected: int, now: float) -> list[str]:
        """Return the codes of the links that shall be changed alike; raises what :meth:`find` does.

        Raises:
            CountDiffers: they aren't as many as expected.
        """
        found = [link.code for link in islice(self.all(question, now), MOST_MEANT + 1)]
        if len(found) != expected:
            raise CountDiffers(f"The filter finds {len(found):,} links, not {expected:,}.")
        return found

    def tags(self, own: Sequence[str] = ()) -> dict[str, int] | None:
        """Return how many links carry each tag; None where the index isn't there yet.

        Args:
            own: of which a link carries one, if whoever asks sees no other links.
        """
        try:
            return self._index.tags(own) if self._index else None
        except (NotFilled, IndexUnusable) as error:
            self._tell(error)
            return None

    def _look(self, question: Question, limit: int, now: float, after: Place | None) -> Hits:
        tag = next(iter((*question.any_tags, *question.all_tags)), None)
        criteria = Criteria(tag, question.own_tags, question.state, question.text)
        place = Entry(after.code, int(after.value)) if after else None
        found = search(self._store, criteria, limit=limit, now=now, after=place)
        hits = tuple(Hit(link, uses, 0, 0) for link, uses in found.links)
        end = found.after
        return Hits(hits, Place(end.created_ms, end.code) if end else None, None)

    def _tell(self, error: Exception) -> None:
        if not self._is_told and isinstance(error, IndexUnusable):
            self._is_told = True
            logger.warning("Links are looked for without an index: %s", error)


def _is_simple(question: Question) -> bool:
    """Tell whether the lists of Redis answer it."""
    return (
        (question.sort, question.ascending) == ("created_at", False)
        and len((*question.any_tags, *question.all_tags)) <= 1
        and not question.no_tags
        and question.state != "deleted"
    )
