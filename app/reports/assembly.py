"""Assembly of an answer from the rows that ClickHouse returns for a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from app.reports.answer import Answer, Breakdown, Bucket, Figures, Share, Source
from app.reports.conditions import milliseconds
from app.reports.filters import Dimension
from app.reports.plan import CROSSED, Plan
from app.reports.query import Counted

Row = Mapping[str, Any]

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows of a plan's statement, by panel."""

    plan: Plan
    panels: Mapping[int, Sequence[Row]]

    def totals(self) -> Row:
        return next(iter(self.panels.get(self.plan.panel(""), ())), {})

    def grouped_by(self, key: str) -> Sequence[Row]:
        return self.panels.get(self.plan.panel(key), ())


def assemble(plan: Plan, rows: Sequence[Sequence[Any]], source: Source) -> Answer:
    """Return the answer to a plan's query.

    Args:
        rows: the statement's, in its order.
    """
    names = ("panel", *plan.keys, *plan.figures)
    panels: dict[int, list[Row]] = {}
    for row in rows:
        panels.setdefault(row[0], []).append(dict(zip(names, row, strict=True)))
    found = _Found(plan, panels)
    totals = found.totals()
    return Answer(
        query=plan.query,
        period=plan.period,
        figures=_figures(totals),
        interval=plan.interval,
        timeline=_timeline(found),
        breakdowns=tuple(_breakdown(found, at, by) for at, by in enumerate(plan.query.by)),
        source=source,
        period_before=plan.before,
        before=_figures(totals, "_before") if plan.before else None,
    )


def has_exact_visitors(plan: Plan) -> bool:
    """Tell whether nobody can be two visitors in a span, as ids change at midnight UTC."""
    since, until = plan.period.since, plan.period.until
    if plan.query.tz == "UTC":
        return True
    inside = (time for time in plan.starts if since is None or time > since)
    # What has no end goes on until now, and there is nothing behind that a bound could cut off.
    spans = ((since, until), *pairwise((since, *inside, until)))
    return all(map(_is_of_whole_days, *zip(*spans, strict=True)))


def _is_of_whole_days(start: datetime | None, end: datetime | None) -> bool:
    """Tell whether a span consists of days of UTC, or lies within one."""
    if start and end and milliseconds(start) // _DAY_MS == (milliseconds(end) - 1) // _DAY_MS:
        return True
    return all(time is None or milliseconds(time) % _DAY_MS == 0 for time in (start, end))


def _figures(row: Row, suffix: str = "") -> Figures:
    return Figures(*(row.get(f"{name}{suffix}", 0) for name in ("humans", "visitors", "bots")))


def _timeline(found: _Found) -> tuple[Bucket, ...]:
    plan = found.plan
    figures = {row["bucket"]: _figures(row) for row in found.grouped_by("bucket")}
    if plan.before is None:
        return tuple(
            Bucket(start, figures.get(milliseconds(start), Figures())) for start in plan.starts
        )
    before = {
        row["bucket_before"]: _figures(row, "_before") for row in found.grouped_by("bucket_before")
    }
    # Where two begin at once, the first of them has no length.
    ends = (*plan.starts_before[1:], datetime.max.replace(tzinfo=UTC))
    return tuple(
        Bucket(
            start,
            figures.get(milliseconds(start), Figures()),
            before.get(milliseconds(other), Figures()) if other < end else Figures(),
        )
        for start, other, end in zip(plan.starts, plan.starts_before, ends, strict=True)
    )


def _breakdown(found: _Found, at: int, by: Dimension) -> Breakdown:
    counted = found.plan.query.counted(by)
    visitors = "bot_visitors" if counted == "bots" else "visitors"
    is_compared = found.plan.before is not None
    starts = [milliseconds(start) for start in found.plan.starts if found.plan.is_crossed]
    lines = _lines(found, f"value{at}", counted)
    total = _figures(found.totals()).of(counted)
    top = tuple(
        Share(
            row[f"value{at}"],
            clicks := _figures(row).of(counted),
            row.get(visitors, 0),
            clicks / total if total else 0.0,
            _figures(row, "_before").of(counted) if is_compared else None,
            tuple(lines.get((start, row[f"value{at}"]), 0) for start in starts),
        )
        for row in found.grouped_by(f"value{at}")
    )
    others_before = None
    if is_compared:
        total_before = _figures(found.totals(), "_before").of(counted)
        others_before = total_before - sum(share.clicks_before or 0 for share in top)
    return Breakdown(by, top, total - sum(share.clicks for share in top), counted, others_before)


def _lines(found: _Found, key: str, counted: Counted) -> Mapping[tuple[int, str], int]:
    """Return the clicks of each value in each bucket that has some; none where nobody asked."""
    if not found.plan.is_crossed:
        return {}
    rows = found.panels.get(CROSSED, ())
    return {(row["bucket"], row[key]): _figures(row).of(counted) for row in rows}
