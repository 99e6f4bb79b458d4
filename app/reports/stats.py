"""Values that make up a report on one short code, and how they are written as JSON."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

Interval = Literal["hour", "day", "month"]
Dimension = Literal["country", "browser", "os", "device", "referrer", "bot", "language", "target"]

_DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when clicks count, in UTC.

    Attributes:
        since: first moment that counts, None for the first click.
        until: first moment that no longer counts, None for no end.

    Raises:
        ValueError: the start does not lie before the end.
    """

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("the start must lie before the end")


@dataclass(frozen=True, slots=True)
class Figures:
    """Distinct clicks, those of people and of bots apart, and the people.

    Attributes:
        humans: clicks of people.
        bots: clicks of programs.
        visitors: distinct visitor ids among the clicks of people; as a visitor's id changes with
            the UTC day, someone who comes on two days is two visitors.
    """

    humans: int = 0
    visitors: int = 0
    bots: int = 0

    @property
    def clicks(self) -> int:
        """All distinct clicks, whoever made them."""
        return self.humans + self.bots


@dataclass(frozen=True, slots=True)
class Bucket:
    """The figures of one hour, day or month, from its start."""

    start: datetime
    figures: Figures


@dataclass(frozen=True, slots=True)
class Share:
    """One value of a dimension.

    Attributes:
        name: the value, empty where it is unknown or, for a referrer, absent.
        clicks: of people, or of bots for ``bot``.
        share: its part of all clicks in the breakdown, from 0 to 1.
    """

    name: str
    clicks: int
    visitors: int
    share: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The values of a dimension with most clicks, of people, or of bots for ``bot``.

    Attributes:
        others: clicks with values that are not in ``top``.
    """

    by: Dimension
    top: tuple[Share, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Everything that one report says."""

    code: str
    period: Period
    figures: Figures
    interval: Interval
    timeline: tuple[Bucket, ...]
    breakdowns: tuple[Breakdown, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nobody came, not even a bot."""
        return not self.figures.clicks


def read_dimension(name: str) -> Dimension:
    """Return the dimension that someone named.

    Raises:
        ValueError: there is no such dimension; says which there are.
    """
    for dimension in _DIMENSIONS:
        if name == dimension:
            return dimension
    raise ValueError(f"{name!r} is none of {', '.join(_DIMENSIONS)}")


def to_json(stats: Stats) -> dict[str, Any]:
    """Return the report's stable JSON form; times are RFC 3339 in UTC."""
    return {
        "code": stats.code,
        "since": _time(stats.period.since),
        "until": _time(stats.period.until),
        **_figures(stats.figures),
        "interval": stats.interval,
        "timeline": [
            {"start": _time(bucket.start), **_figures(bucket.figures)} for bucket in stats.timeline
        ],
        "by": {breakdown.by: _breakdown(breakdown) for breakdown in stats.breakdowns},
    }


def _figures(figures: Figures) -> dict[str, int]:
    return {name: getattr(figures, name) for name in ("clicks", "humans", "bots", "visitors")}


def _breakdown(breakdown: Breakdown) -> dict[str, Any]:
    top = [{**asdict(share), "share": round(share.share, 4)} for share in breakdown.top]
    return {"top": top, "others": breakdown.others}


def _time(time: datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
