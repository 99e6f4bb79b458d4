"""Answer to a query, and how it is written as JSON.

A figure is exact where :class:`Source` doesn't say otherwise: it is over distinct clicks.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.reports.filters import Dimension
from app.reports.period import Period
from app.reports.query import Counted, Interval, Metric, Query, utc


@dataclass(frozen=True, slots=True)
class Figures:
    """Distinct clicks, those of people and of bots apart, and the people.

    Attributes:
        humans: clicks of people.
        visitors: distinct visitor ids among the clicks of people; as a visitor's id changes with
            the UTC day, someone who comes on two days is two visitors. 0 where nobody asked.
        bots: clicks of programs.
    """

    humans: int = 0
    visitors: int = 0
    bots: int = 0

    @property
    def clicks(self) -> int:
        """All distinct clicks, whoever made them."""
        return self.humans + self.bots

    def of(self, counted: Counted) -> int:
        """Return the clicks that a breakdown counts."""
        return {"humans": self.humans, "bots": self.bots, "clicks": self.clicks}[counted]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The figures of one step of the timeline, from its start, and of the one compared with."""

    start: datetime
    figures: Figures
    before: Figures | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One value of a dimension.

    Attributes:
        name: the value, empty where it is unknown or, for a referrer, absent.
        clicks: of those that the breakdown counts.
        visitors: who made clicks of people, or of bots where bots are counted.
        share: its part of all clicks in the breakdown, from 0 to 1.
        clicks_before: in the time that is compared with, None without one.
        timeline: of these clicks, those of each step; empty where nobody asked.
    """

    name: str
    clicks: int
    visitors: int
    share: float
    clicks_before: int | None = None
    timeline: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The values of a dimension that come first in the order that was asked for.

    Attributes:
        others: clicks with values that are not in ``top``.
        others_before: the same in the time that is compared with, None without one.
    """

    by: Dimension
    top: tuple[Share, ...]
    others: int
    counted: Counted = "humans"
    others_before: int | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """How much of an answer comes from sums of closed UTC days.

    Attributes:
        through: the last day that does, None where none does.
        days: how many do.
        days_raw: how many others there are, up to now, whose rows were read.
    """

    through: date | None = None
    days: int = 0
    days_raw: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """What the figures are taken from.

    Attributes:
        as_of: when ClickHouse was asked: later clicks are not in it.
        newest_click: time of the newest click that was stored by then, of whatever link; None where
            there is none. Clicks since then, if there were any, were still on their way.
        rows_read: by ClickHouse, for all that was asked.
        seconds: that it took.
        has_exact_visitors: whether visitors are exact: of UTC days and parts of them, summed. In a
            day that crosses midnight UTC, who came before and after is two visitors.
        sums: which days were taken from them.
        oldest_click: time of the oldest click that is stored. What is known of earlier days is
            their sums.
    """

    as_of: datetime
    newest_click: datetime | None
    rows_read: int
    seconds: float
    has_exact_visitors: bool
    sums: Sums = Sums()
    oldest_click: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that one report says.

    Attributes:
        before: of the time that is compared with, as ``period_before`` says; None without one.
    """

    query: Query
    period: Period
    figures: Figures
    interval: Interval
    timeline: tuple[Bucket, ...]
    breakdowns: tuple[Breakdown, ...]
    source: Source
    period_before: Period | None = None
    before: Figures | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nobody came, not even a bot."""
        return not self.figures.clicks


def to_json(answer: Answer) -> dict[str, Any]:
    """Return the report's stable JSON form; times are RFC 3339 in UTC."""
    query = answer.query
    return {
        **_scope(query),
        "since": _time(answer.period.since),
        "until": _time(answer.period.until),
        **_figures(answer.figures, query.metrics),
        "interval": answer.interval,
        "timeline": [_bucket(bucket, query.metrics) for bucket in answer.timeline],
        "by": {each.by: _breakdown(each, query.metrics) for each in answer.breakdowns},
        **_compared(answer),
        "meta": _source(answer),
    }


def _scope(query: Query) -> dict[str, Any]:
    if len(query.codes) == 1:
        return {"code": query.codes[0]}
    return {"codes": list(query.codes)} if query.codes else {"tag": query.tag or None}


def _figures(figures: Figures, metrics: tuple[Metric, ...]) -> dict[str, int]:
    names: tuple[Metric, ...] = ("clicks", "humans", "bots", "visitors")
    return {name: getattr(figures, name) for name in names if name in metrics}


def _bucket(bucket: Bucket, metrics: tuple[Metric, ...]) -> dict[str, Any]:
    before = {"before": _figures(bucket.before, metrics)} if bucket.before else {}
    return {"start": _time(bucket.start), **_figures(bucket.figures, metrics), **before}


def _breakdown(breakdown: Breakdown, metrics: tuple[Metric, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "top": [_share(share, metrics) for share in breakdown.top],
        "others": breakdown.others,
    }
    if breakdown.others_before is not None:
        found["others_before"] = breakdown.others_before
    return found


def _share(share: Share, metrics: tuple[Metric, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": share.name, "clicks": share.clicks}
    if "visitors" in metrics:
        found["visitors"] = share.visitors
    if "share" in metrics:
        found["share"] = round(share.share, 4)
    if share.clicks_before is not None:
        found["clicks_before"] = share.clicks_before
    return found


def _compared(answer: Answer) -> dict[str, Any]:
    if answer.before is None or answer.period_before is None:
        return {}
    period = answer.period_before
    bounds = {"since": _time(period.since), "until": _time(period.until)}
    return {"before": {**bounds, **_figures(answer.before, answer.query.metrics)}}


def _source(answer: Answer) -> dict[str, Any]:
    source = answer.source
    return {
        "tz": answer.query.tz,
        "clicks": "exact",
        "visitors": "exact" if source.has_exact_visitors else "estimate",
        "visitors_of": "utc_days",
        "as_of": _time(source.as_of),
        "newest_click": _time(source.newest_click),
        "oldest_click": _time(source.oldest_click),
        "sums": _sums(source.sums),
        "rows_read": source.rows_read,
        "seconds": round(source.seconds, 3),
    }


def _sums(sums: Sums) -> dict[str, Any]:
    through = sums.through.isoformat() if sums.through else None
    return {"through": through, "days": sums.days, "days_raw": sums.days_raw}


def _time(time: datetime | None) -> str | None:
    return None if time is None else utc(time)
