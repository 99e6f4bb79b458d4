"""Chart of a page: the timeline as a table's rows, and as lines for who has no script.

Scripts draw it anew from the table, so that nothing is sent twice.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.reports.answer import Answer
from app.reports.query import Interval

#: Size of the drawing, in its own units.
WIDTH, HEIGHT = 960, 240
_DAY = timedelta(days=1)
_FORMS: dict[Interval, str] = {
    "minute": "%-d %b, %H:%M",
    "hour": "%-d %b, %H:%M",
    "day": "%a %-d %b %Y",
    "week": "Week of %-d %b %Y",
    "month": "%b %Y",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table.

    Attributes:
        second: of its start, as a Unix time.
        wall: the same as the zone's clocks show it, as if that were UTC: charts know of no zones.
        is_open: whether its time isn't over.
    """

    second: int
    wall: int
    label: str
    humans: int
    bots: int
    before: int | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened in a step: when, as a Unix time, and where it is in the drawing."""

    second: float
    text: str
    x: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A timeline as a page shows it."""

    interval: Interval
    steps: tuple[Step, ...]
    humans: str
    bots: str
    before: str
    highest: int

    @property
    def has_before(self) -> bool:
        """Whether there is something to compare with."""
        return bool(self.before)


def chart_of(answer: Answer) -> Chart:
    """Return the chart of a report."""
    zone = answer.query.zone
    end = answer.period.until or answer.source.as_of
    starts = [bucket.start for bucket in answer.timeline]
    steps = []
    for bucket, following in zip(answer.timeline, [*starts[1:], None], strict=True):
        wall = bucket.start.astimezone(zone)
        begins_next = following or _next_start(wall, answer.interval)
        steps.append(
            Step(
                int(bucket.start.timestamp()),
                int(wall.replace(tzinfo=UTC).timestamp()),
                _label(bucket.start, following, wall, answer.interval),
                bucket.figures.humans,
                bucket.figures.bots,
                bucket.before.humans if bucket.before else None,
                is_open=begins_next > end and end == answer.source.as_of,
            )
        )
    return _drawn(answer.interval, steps)


def marks_of(
    chart: Chart, end: datetime, changes: Sequence[tuple[int, str]]
) -> dict[int, list[Mark]]:
    """Return what to mark in a chart, by the place of the step in which it was.

    Args:
        end: of the chart's time.
        changes: Unix milliseconds, and what there is to say.
    """
    found: dict[int, list[Mark]] = {}
    starts = [step.second for step in chart.steps]
    for at_ms, text in sorted(changes):
        place = bisect_right(starts, at_ms // 1000) - 1
        if place >= 0 and at_ms < end.timestamp() * 1000:
            x = place * WIDTH / max(len(starts) - 1, 1)
            found.setdefault(place, []).append(Mark(at_ms / 1000, text, f"{x:.1f}"))
    return found


def sparkline(values: Sequence[int], width: int, height: int) -> str:
    """Return the points of a line in a drawing of its own, '' where all is nothing."""
    highest = max(values, default=0)
    if not highest:
        return ""
    step, scale = width / max(len(values) - 1, 1), (height - 2) / highest
    return " ".join(
        f"{place * step:.1f},{height - 1 - value * scale:.1f}" for place, value in enumerate(values)
    )


def _next_start(wall: datetime, interval: Interval) -> datetime:
    if interval == "month":
        return (wall.replace(day=1) + 32 * _DAY).replace(day=1)
    lengths = {
        "minute": timedelta(minutes=1),
        "hour": timedelta(hours=1),
        "day": _DAY,
        "week": 7 * _DAY,
    }
    return wall + lengths[interval]


def _label(start: datetime, following: datetime | None, wall: datetime, interval: Interval) -> str:
    text = f"{wall:{_FORMS[interval]}}"
    if interval == "day" and following and following - start != _DAY:
        # Clocks were changed.
        return f"{text} ({(following - start) / timedelta(hours=1):g} h)"
    return text


def _drawn(interval: Interval, steps: Sequence[Step]) -> Chart:
    figures = [max(step.humans, step.bots, step.before or 0) for step in steps]
    highest = max(figures, default=0)
    return Chart(
        interval,
        tuple(steps),
        _line([step.humans for step in steps], highest),
        _line([step.bots for step in steps], highest),
        _line([step.before or 0 for step in steps], highest)
        if any(step.before is not None for step in steps)
        else "",
        highest,
    )


def _line(values: Sequence[int], highest: int) -> str:
    """Return the points of a line in the drawing."""
    if not values:
        return ""
    step = WIDTH / max(len(values) - 1, 1)
    scale = (HEIGHT - 4) / max(highest, 1)
    return " ".join(
        f"{place * step:.1f},{HEIGHT - 2 - value * scale:.1f}" for place, value in enumerate(values)
    )
