"""Counts of clicks of several links at once, one figure each for people and for programs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app.reports.query import MAX_CODES, MAX_LIMIT, Metric, Order, Query
from app.reports.reading.reader import Reports

_METRICS: tuple[Metric, ...] = ("clicks", "humans", "bots")


class ClickCount(NamedTuple):
    """Clicks of a link, or of several."""

    humans: int = 0
    bots: int = 0

    @property
    def clicks(self) -> int:
        """All of them."""
        return self.humans + self.bots


def count_clicks(
    reports: Reports,
    codes: Sequence[str] | None,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ClickCount:
    """Return how many clicks links have together.

    Args:
        codes: of the links, any number; None for all.
        now: up to when there may be clicks.
        since: first moment that counts, None for the first click.
        until: first moment that no longer counts, None for no end.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
    """
    if codes is not None and not codes:
        return ClickCount()
    # A tag stands for links that somebody else has looked up.
    tag = "" if codes is None else "links"
    query = Query(tag=tag, since=since, until=until, by=(), metrics=_METRICS)
    figures = reports.ask(query, now, tuple(codes or ())).figures
    return ClickCount(figures.humans, figures.bots)


def counts_by_link(
    reports: Reports, codes: Sequence[str], now: datetime
) -> Mapping[str, ClickCount]:
    """Return how many clicks each link has; links without any are left out.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
    """
    size = min(MAX_CODES, MAX_LIMIT)
    found: dict[str, ClickCount] = {}
    for start in range(0, len(codes), size):
        piece = tuple(codes[start : start + size])
        clicks = _by_link(reports, piece, "clicks", now)
        bots = _by_link(reports, piece, "bots", now)
        for code, count in clicks.items():
            # Between the two questions a program may have come.
            of_bots = min(bots.get(code, 0), count)
            found[code] = ClickCount(count - of_bots, of_bots)
    return found


def _by_link(
    reports: Reports, codes: tuple[str, ...], order: Order, now: datetime
) -> Mapping[str, int]:
    query = Query(codes=codes, by=("link",), order=order, limit=len(codes), metrics=_METRICS)
    [links] = reports.ask(query, now).breakdowns
    return {share.name: share.clicks for share in links.top}
