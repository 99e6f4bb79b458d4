"""Counts of people's clicks that YOURLS' clients are told; programs are left out of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

import falcon

from app.console.api.report_limiter import ReportLimiter
from app.links.store import LinkStore
from app.reports.answer import Answer
from app.reports.query import MAX_CODES, MAX_LIMIT, BadQuery, Query
from app.reports.reading.reader import Reports
from app.reports.scope import MAX_TAGGED


class Counts:
    """Counts clicks for one request after another; each waits for its turn among reports.

    Every method raises:
        BadQuery: links with the caller's tags are too many to be counted together.
        falcon.HTTPServiceUnavailable: too many reports are at work, or it took too long.
        RedisError, ClickHouseError: a store doesn't do its part.
    """

    def __init__(self, reports: Reports, links: LinkStore, limiter: ReportLimiter) -> None:
        self._reports = reports
        self._links = links
        self._limiter = limiter

    def of(self, req: falcon.Request, codes: Sequence[str]) -> Mapping[str, int]:
        """Return the clicks of links, at most a thousand, by code; of one without any 0."""
        asked = tuple(sorted(codes))[:MAX_CODES]
        query = Query(codes=asked, by=("link",), limit=MAX_LIMIT, metrics=("clicks",))
        found = _by_link(self._ask(req, query)) if asked else {}
        return {code: found.get(code, 0) for code in codes}

    def top(self, req: falcon.Request, tags: Sequence[str], most: int) -> Mapping[str, int]:
        """Return the clicks of the links that have most, in that order.

        Args:
            tags: of which a link has to carry one; none for all links.
        """
        query = Query(by=("link",), limit=most, metrics=("clicks",), tag=_one_of(tags))
        return _by_link(self._ask(req, query, tags))

    def total(self, req: falcon.Request, tags: Sequence[str]) -> tuple[int, int]:
        """Return how many links there are, and how many clicks they have together."""
        number = len(self._tagged(tags)) if tags else self._links.links.count()
        query = Query(by=(), metrics=("clicks",), tag=_one_of(tags))
        return number, self._ask(req, query, tags).figures.humans

    def _ask(self, req: falcon.Request, query: Query, tags: Sequence[str] = ()) -> Answer:
        def compute() -> Answer:
            return self._reports.ask(query, datetime.now(UTC), self._tagged(tags))

        return self._limiter.answer(req, ("yourls", query, tuple(tags)), compute)

    def _tagged(self, tags: Sequence[str]) -> tuple[str, ...]:
        codes: dict[str, None] = {}
        for tag in tags:
            found = islice(self._links.links.scan(tag=tag), MAX_TAGGED + 1)
            codes.update(dict.fromkeys(link.code for link in found))
        if len(codes) > MAX_TAGGED:
            raise BadQuery("tag", f"more than {MAX_TAGGED} links are too many to be counted here")
        return tuple(codes)


def _one_of(tags: Sequence[str]) -> str:
    """Return what has a query be about the links that are named along with it."""
    return tags[0] if tags else ""


def _by_link(answer: Answer) -> Mapping[str, int]:
    [links] = answer.breakdowns
    return {share.name: share.clicks for share in links.top}
