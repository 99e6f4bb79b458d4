"""Views that show a report: tables with bars on a terminal, tab-separated lines in a pipe."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.reports.stats import Breakdown, Bucket, Figures, Interval, Period, Stats
from app.terminal.output import one_line, print_table, terminal_of

_TIME_FORMATS: dict[Interval, str] = {
    "hour": "%Y-%m-%d %H:%M",
    "day": "%Y-%m-%d",
    "month": "%Y-%m",
}
#: Columns of characters: tables of one report stand in line, and fit 80 or make use of more.
_NUMBER_COLUMNS = 9
_NARROW_NAME_COLUMNS = 24
_WIDE_NAME_COLUMNS = 44
_WIDE_TERMINAL = 110
_BAR_COLUMNS = 30
_GAP_COLUMNS = 2
#: A name, three numbers and the shortest bar.
_LEAST_COLUMNS = _NARROW_NAME_COLUMNS + 3 * _NUMBER_COLUMNS + 4 * _GAP_COLUMNS + 1
#: What an empty value of a dimension means.
_NAMELESS = {"referrer": "(direct)"}


def print_stats(stats: Stats) -> None:
    """Write a report as whoever reads stdout wants it."""
    if sys.stdout.isatty():
        terminal = terminal_of(_LEAST_COLUMNS)
        terminal.print(draw(stats, terminal.width))
    else:
        print_table(("FIGURE", "NAME", "CLICKS", "HUMANS", "BOTS", "VISITORS"), rows(stats))


def rows(stats: Stats) -> Iterator[tuple[str, ...]]:
    """Yield the report's lines, the totals first; a breakdown tells nobody apart."""
    yield ("total", stats.code, *_numbers(stats.figures))
    for bucket in stats.timeline:
        start = bucket.start.strftime("%Y-%m-%dT%H:%M:%SZ")
        yield (stats.interval, start, *_numbers(bucket.figures))
    for breakdown in stats.breakdowns:
        for share in breakdown.top:
            name = one_line(share.name)
            yield (breakdown.by, name, str(share.clicks), "", "", str(share.visitors))


def draw(stats: Stats, width: int) -> Group:
    """Return the report as rich draws it on a terminal of so many columns."""
    parts: list[RenderableType] = [
        _headline(stats),
        _timeline(stats.interval, stats.timeline, width),
    ]
    for breakdown in stats.breakdowns:
        if breakdown.top:
            parts += [Text(), _breakdown(breakdown, width)]
    return Group(*parts)


def _headline(stats: Stats) -> Text:
    figures = stats.figures
    return Text.assemble(
        (one_line(stats.code), "bold"),
        f"  {describe_period(stats.period)}\n",
        (f"{figures.clicks:,}", "bold"),
        " click   " if figures.clicks == 1 else " clicks   ",
        (f"{figures.humans:,}", "bold"),
        " by people   ",
        (f"{figures.bots:,}", "bold"),
        " by bots   ",
        (f"{figures.visitors:,}", "bold"),
        " visitor\n" if figures.visitors == 1 else " visitors\n",
    )


def describe_period(period: Period) -> str:
    """Return the period in words, times in UTC."""
    if period.since is None and period.until is None:
        return "all clicks"
    since = f"from {_minute(period.since)} " if period.since else ""
    return since + (f"until {_minute(period.until)}" if period.until else "until now")


def _timeline(interval: Interval, buckets: Sequence[Bucket], width: int) -> Table:
    most = max(bucket.figures.humans for bucket in buckets)
    table = _table(width, f"{interval} (UTC)", "people", "bots", "visitors")
    for bucket in buckets:
        figures = bucket.figures
        table.add_row(
            bucket.start.strftime(_TIME_FORMATS[interval]),
            *(_number(value) for value in (figures.humans, figures.bots, figures.visitors)),
            _bar(figures.humans, most),
        )
    return table


def _breakdown(breakdown: Breakdown, width: int) -> Table:
    table = _table(width, breakdown.by, "clicks", "visitors", "share")
    most = breakdown.top[0].clicks
    for share in breakdown.top:
        table.add_row(
            Text(one_line(share.name) or _NAMELESS.get(breakdown.by, "(unknown)")),
            _number(share.clicks),
            _number(share.visitors),
            f"{share.share:.1%}",
            _bar(share.clicks, most),
        )
    if breakdown.others:
        table.add_row(Text("(others)", style="dim"), _number(breakdown.others), "", "", "")
    return table


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


def _numbers(figures: Figures) -> tuple[str, str, str, str]:
    return str(figures.clicks), str(figures.humans), str(figures.bots), str(figures.visitors)


def _minute(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M")
