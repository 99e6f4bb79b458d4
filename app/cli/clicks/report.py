"""Reports as a person reads them on a terminal, a pipe takes them, and a spreadsheet."""

import csv
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.reports.answer import Answer, Breakdown, Figures, Source
from app.reports.filters import Dimension
from app.reports.period import Period
from app.reports.query import Interval, Metric, Query
from app.terminal.formulas import neutralised
from app.terminal.output import one_line, print_table, terminal_of

_TIME_FORMATS: dict[Interval, str] = {
    "minute": "%Y-%m-%d %H:%M",
    "hour": "%Y-%m-%d %H:%M",
    "day": "%Y-%m-%d",
    "week": "%Y-%m-%d",
    "month": "%Y-%m",
}
#: Columns of characters: tables of one report stand in line, and fit 80 or make use of more.
_NUMBER_COLUMNS = 9
_NARROW_NAME_COLUMNS = 24
_WIDE_NAME_COLUMNS = 44
_WIDE_TERMINAL = 110
_BAR_COLUMNS = 30
_GAP_COLUMNS = 2
#: A name, four numbers and the shortest bar.
_LEAST_COLUMNS = _NARROW_NAME_COLUMNS + 4 * _NUMBER_COLUMNS + 5 * _GAP_COLUMNS + 1
#: What an empty value of a dimension means.
_NAMELESS: dict[Dimension, str] = {"referrer": "(direct)", "referrer_url": "(direct)"}
_COLUMNS: tuple[Metric, ...] = ("clicks", "humans", "bots", "visitors")


def print_report(answer: Answer) -> None:
    """Write a report as whoever reads stdout wants it."""
    if sys.stdout.isatty():
        terminal = terminal_of(_LEAST_COLUMNS)
        terminal.print(draw(answer, terminal.width))
    else:
        print_table(tuple(map(str.upper, columns(answer))), rows(answer))


def print_top(answer: Answer) -> None:
    """Write only the breakdowns of a report."""
    if sys.stdout.isatty():
        terminal = terminal_of(_LEAST_COLUMNS)
        tables = [_breakdown(answer, each, terminal.width) for each in answer.breakdowns]
        terminal.print(Group(*tables, _source(answer)))
    else:
        print_table(tuple(map(str.upper, columns(answer))), breakdown_rows(answer))


def print_csv(answer: Answer) -> None:
    """Write a report as CSV (RFC 4180), in which no text is a formula."""
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(columns(answer))
    writer.writerows(map(neutralised, row) for row in rows(answer))


def columns(answer: Answer) -> tuple[str, ...]:
    """Return the names of the columns of :func:`rows`."""
    return ("figure", "name", *_COLUMNS, *(("before",) if answer.before else ()))


def rows(answer: Answer) -> Iterator[tuple[str, ...]]:
    """Yield the report's lines, the totals first; a breakdown tells nobody apart."""
    metrics = answer.query.metrics
    yield (
        "total",
        one_line(scope(answer.query)),
        *_numbers(answer.figures, metrics, answer.before),
    )
    for bucket in answer.timeline:
        start = _moment(bucket.start, answer.query.zone)
        yield (answer.interval, start, *_numbers(bucket.figures, metrics, bucket.before))
    yield from breakdown_rows(answer)


def breakdown_rows(answer: Answer) -> Iterator[tuple[str, ...]]:
    """Yield the lines of a report's breakdowns."""
    for breakdown in answer.breakdowns:
        for share in breakdown.top:
            visitors = str(share.visitors) if "visitors" in answer.query.metrics else ""
            before = () if share.clicks_before is None else (str(share.clicks_before),)
            name = one_line(share.name)
            yield (breakdown.by, name, str(share.clicks), "", "", visitors, *before)
        if breakdown.others or breakdown.others_before:
            others = breakdown.others_before
            before = () if others is None else (str(others),)
            yield ("others", breakdown.by, str(breakdown.others), "", "", "", *before)


def draw(answer: Answer, width: int) -> Group:
    """Return the report as rich draws it on a terminal of so many columns."""
    parts: list[RenderableType] = [_headline(answer), _timeline(answer, width)]
    for breakdown in answer.breakdowns:
        if breakdown.top:
            parts += [Text(), _breakdown(answer, breakdown, width)]
    return Group(*parts, Text(), _source(answer))


def scope(query: Query) -> str:
    """Return which links a query is about, in a word."""
    if query.tag:
        return f"tag {query.tag}"
    return ", ".join(query.codes) if query.codes else "all links"


def describe_period(period: Period, zone: ZoneInfo) -> str:
    """Return the period in words, times in its zone."""
    if period.since is None and period.until is None:
        return "all clicks"
    since = f"from {_minute(period.since, zone)} " if period.since else ""
    return since + (f"until {_minute(period.until, zone)}" if period.until else "until now")


def _headline(answer: Answer) -> Text:
    figures, metrics, zone = answer.figures, answer.query.metrics, answer.query.zone
    counts = {
        "clicks": (figures.clicks, "click" if figures.clicks == 1 else "clicks"),
        "humans": (figures.humans, "by people"),
        "bots": (figures.bots, "by bots"),
        "visitors": (figures.visitors, "visitor" if figures.visitors == 1 else "visitors"),
    }
    shown = (counts[metric] for metric in _COLUMNS if metric in metrics)
    text = Text.assemble(
        (one_line(scope(answer.query)), "bold"), f"  {describe_period(answer.period, zone)}\n"
    )
    for count, words in shown:
        text.append(f"{count:,}", "bold").append(f" {words}   ")
    if answer.before and answer.period_before:
        text.append(f"\nbefore: {answer.before.humans:,} by people, ")
        text.append(describe_period(answer.period_before, zone))
    return text.append("\n")


def _timeline(answer: Answer, width: int) -> Table:
    buckets = answer.timeline
    most = max(bucket.figures.humans for bucket in buckets)
    shown = [metric for metric in ("humans", "bots", "visitors") if metric in answer.query.metrics]
    before = ("before",) if answer.before else ()
    names = ("people" if metric == "humans" else metric for metric in shown)
    table = _table(width, f"{answer.interval} ({answer.query.tz})", *names, *before)
    for bucket in buckets:
        values = [getattr(bucket.figures, metric) for metric in shown]
        values += [bucket.before.humans] if bucket.before else []
        start = bucket.start.astimezone(answer.query.zone)
        table.add_row(
            start.strftime(_TIME_FORMATS[answer.interval]),
            *map(_number, values),
            _bar(bucket.figures.humans, most),
        )
    return table


def _breakdown(answer: Answer, breakdown: Breakdown, width: int) -> Table:
    shown = [metric for metric in ("visitors", "share") if metric in answer.query.metrics]
    before = ("before",) if answer.before else ()
    table = _table(width, breakdown.by, "clicks", *shown, *before)
    most = max((share.clicks for share in breakdown.top), default=0)
    for share in breakdown.top:
        known = {"visitors": _number(share.visitors), "share": Text(f"{share.share:.1%}")}
        table.add_row(
            Text(one_line(share.name) or _NAMELESS.get(breakdown.by, "(unknown)")),
            _number(share.clicks),
            *(known[metric] for metric in shown),
            *(() if share.clicks_before is None else (_number(share.clicks_before),)),
            _bar(share.clicks, most),
        )
    if breakdown.others or breakdown.others_before:
        others = [] if breakdown.others_before is None else [_number(breakdown.others_before)]
        blanks = [""] * len(shown)
        table.add_row(
            Text("(others)", style="dim"), _number(breakdown.others), *blanks, *others, ""
        )
    return table


def _source(answer: Answer) -> Text:
    """Return what the figures are taken from, and how good they are."""
    source: Source = answer.source
    text = f"exact, as of {_moment(source.as_of, answer.query.zone)}"
    if source.newest_click:
        newest = _moment(source.newest_click, answer.query.zone)
        text += f"; newest click stored {newest}"
    if source.sums.through:
        count = source.sums.days
        text += f"; {count} {'day' if count == 1 else 'days'} by sums, through"
        text += f" {source.sums.through}"
    text += f"; {source.rows_read:,} rows read in {source.seconds:.2f} s"
    if "visitors" in answer.query.metrics and source.has_exact_visitors:
        text += "; visitors of each day of UTC, added up"
    if not source.has_exact_visitors:
        text += "; visitors are an estimate, as their ids change at midnight UTC"
    return Text(text, style="dim")


def _table(width: int, name: str, *numbers: str) -> Table:
    name_width = _NARROW_NAME_COLUMNS if width < _WIDE_TERMINAL else _WIDE_NAME_COLUMNS
    used = name_width + len(numbers) * _NUMBER_COLUMNS + (len(numbers) + 1) * _GAP_COLUMNS
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP_COLUMNS, 0, 0))
    table.add_column(name, no_wrap=True, overflow="ellipsis", width=name_width)
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True, min_width=_NUMBER_COLUMNS)
    table.add_column("", width=min(_BAR_COLUMNS, max(1, width - used)))
    return table


def _bar(clicks: int, most: int) -> Bar:
    return Bar(size=max(most, 1), begin=0, end=clicks, color="cyan")


def _number(value: int) -> Text:
    return Text(f"{value:,}", style="" if value else "dim")


def _numbers(
    figures: Figures, metrics: Sequence[Metric], before: Figures | None
) -> tuple[str, ...]:
    known = (str(getattr(figures, name)) if name in metrics else "" for name in _COLUMNS)
    return (*known, *(() if before is None else (str(before.humans),)))


def _moment(time: datetime, zone: ZoneInfo) -> str:
    return time.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")


def _minute(time: datetime, zone: ZoneInfo) -> str:
    return time.astimezone(zone).strftime("%Y-%m-%d %H:%M")
