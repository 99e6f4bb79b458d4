"""Query that asks about clicks: which ones, counted how, over time and by what they came with.

Pages, interface and command line ask by this type alone. A query that exists can be answered: its
texts are any text, and everything else was checked when it was made.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

from app.reports.filters import Dimension, Filter

Metric = Literal["clicks", "humans", "bots", "visitors", "share"]
Interval = Literal["minute", "hour", "day", "week", "month"]
Preset = Literal["all", "today", "24h", "7d", "30d", "90d", "month"]
Comparison = Literal["previous", "year", "weekday"]
Order = Literal["humans", "clicks", "bots", "visitors", "name", "rise", "fall"]
Week = Literal["monday", "sunday"]
#: What a breakdown counts: clicks of people, of bots, or all.
Counted = Literal["humans", "bots", "clicks"]

METRICS: tuple[Metric, ...] = get_args(Metric)
#: What a report is broken down by unless someone asks otherwise.
DEFAULT_BY: tuple[Dimension, ...] = ("country", "browser", "os", "device", "referrer")
DEFAULT_LIMIT = 10
MAX_LIMIT = 1000
MAX_CODES = 1000

#: Dimensions that tell people from others.
_OF_ALL_CLICKS: tuple[Dimension, ...] = ("verdict", "reasons")

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}", re.ASCII)
_Name = TypeVar("_Name", bound=str)


class BadQuery(ValueError):
    """A query that can't be answered.

    Attributes:
        field: the first one to blame; the text is about it.
        faults: what is wrong with each field that is to blame.
    """

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.faults: Mapping[str, str] = {field: text}

    @classmethod
    def of(cls, faults: Mapping[str, str]) -> "BadQuery":
        """Return what says all that is wrong at once."""
        error = cls(*next(iter(faults.items())))
        error.faults = faults
        return error


@dataclass(frozen=True, slots=True)
class Query:
    """One question about clicks.

    Attributes:
        codes: of the links; none for those with the tag, or for all.
        tag: of the links, '' for none.
        period: which clicks count; with ``since`` or ``until`` it has to be ``all``.
        since: first moment that counts, None for the first click.
        until: first moment that no longer counts, None for no end.
        tz: IANA name of the time zone in which days begin.
        week: day that a week begins with.
        compare: with which earlier time, None for none.
        interval: step of the timeline, None for one that suits its length.
        by: what to break down by.
        filter: which clicks count, None for all.
        metrics: what to count.
        order: what the rows of a breakdown are ordered by; ``rise`` and ``fall`` by the change
            since the time that is compared with.
        limit: most rows of a breakdown; what they leave out is counted as others.

    Raises:
        BadQuery: it can't be answered; says which fields are to blame.
    """

    codes: tuple[str, ...] = ()
    tag: str = ""
    period: Preset = "all"
    since: datetime | None = None
    until: datetime | None = None
    tz: str = "UTC"
    week: Week = "monday"
    compare: Comparison | None = None
    interval: Interval | None = None
    by: tuple[Dimension, ...] = DEFAULT_BY
    filter: Filter | None = None
    metrics: tuple[Metric, ...] = METRICS
    order: Order = "humans"
    limit: int = DEFAULT_LIMIT

    def __post_init__(self) -> None:
        faults: dict[str, str] = {}
        for field, text in (*self._faults_of_scope(), *self._faults_of_time(), *self._faults()):
            faults.setdefault(field, text)
        if faults:
            raise BadQuery.of(faults)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.tz)

    @property
    def is_whole(self) -> bool:
        """Whether it asks about all links."""
        return not self.codes and not self.tag

    def counted(self, by: Dimension) -> Counted:
        """Return what the breakdown by a dimension counts and shares.

        That is people, unless it is ordered otherwise, or about who no person is.
        """
        if self.order == "clicks" or (by in _OF_ALL_CLICKS and self.order != "bots"):
            return "clicks"
        return "bots" if self.order == "bots" or by == "bot" else "humans"

    def _faults_of_scope(self) -> Iterator[tuple[str, str]]:
        if self.codes and self.tag:
            yield "tag", "give either codes or a tag"
        if len(self.codes) > MAX_CODES:
            yield "code", f"{len(self.codes)} are too many, at most {MAX_CODES} will do"

    def _faults_of_time(self) -> Iterator[tuple[str, str]]:
        try:
            read_zone(self.tz)
        except BadQuery as error:
            yield error.field, str(error)
        has_bounds = self.since is not None or self.until is not None
        if self.period != "all" and has_bounds:
            yield "period", "give either a period, or since and until"
        if self.since and self.until and self.since >= self.until:
            yield "until", "the start must lie before the end"
        if self.compare and self.period == "all" and self.since is None:
            yield "compare", "needs a period with a start: give since or a period"
        if self.order in ("rise", "fall") and self.compare is None:
            yield "order", f"{self.order} needs something to compare with: give compare"

    def _faults(self) -> Iterator[tuple[str, str]]:
        if not 1 <= self.limit <= MAX_LIMIT:
            yield "limit", f"expected a number from 1 to {MAX_LIMIT}"
        if not self.metrics:
            yield "metrics", f"expected some of {', '.join(METRICS)}"
        if self.order == "visitors" and "visitors" not in self.metrics:
            yield "order", "visitors are not among the metrics"


def read_zone(name: str) -> ZoneInfo:
    """Return the time zone of a name.

    Raises:
        BadQuery: this machine knows no such zone.
    """
    # The name is a path in a folder; what is a folder or no zone raises errors of all kinds.
    if len(name) <= 64 and _ZONE.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            pass
    raise BadQuery("tz", f"{name!r} is no time zone: expected a name such as Europe/Berlin or UTC")


def read_name(field: str, text: str, names: tuple[_Name, ...]) -> _Name:
    """Return which of the names a text is.

    Raises:
        BadQuery: none; says which there are.
    """
    for name in names:
        if text == name:
            return name
    raise BadQuery(field, f"{text!r} is none of {', '.join(names)}")


def utc(time: datetime) -> str:
    """Return a time as programs read it (RFC 3339), in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


#: Every field's default, which no spelling of a query needs to name.
DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(Query)}
