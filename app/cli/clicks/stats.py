"""Command that reports on a link's clicks: `hopline stats`."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.config.loading import load
from app.links.codes import named
from app.links.store import open_store
from app.reports.reader import DEFAULT_BY, Reports
from app.reports.stats import (
    Breakdown,
    Bucket,
    Dimension,
    Figures,
    Interval,
    Period,
    Stats,
    read_dimension,
    to_json,
)
from app.reports.timeline import TooManyBuckets
from app.terminal.options import AsJson, read_moment, read_since
from app.terminal.output import Failure, one_line, print_json, print_table, terminal_of

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


def stats(
    code: Annotated[
        str, typer.Argument(help="The link's short code, or the short link.", callback=named)
    ],
    *,
    since: Annotated[
        str | None,
        typer.Option(
            help="First moment that counts, in UTC: 2026-05-01, 2026-05-01T12:00, 24h or 7d ago.",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="First moment that no longer counts.", show_default=False),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="What to break clicks down by, with commas: country, browser, os, device,"
            " referrer, bot, language, target."
        ),
    ] = ",".join(DEFAULT_BY),
    interval: Annotated[
        Interval | None,
        typer.Option(help="Step of the timeline; one that suits its length by default."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most rows of a breakdown.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show the clicks of a link: people and bots apart, over time, and by what they came with.

    \b
    hopline stats demo1 --since 7d
    hopline stats demo1 --by country,target --json
    """
    settings, now = load(), datetime.now(UTC)
    period, dimensions = read_period(since, until, now), read_dimensions(by)
    with Reports(
        settings.clickhouse_server, timeout_seconds=settings.clickhouse_timeout_seconds
    ) as reports:
        try:
            found = reports.stats(code, period, now, interval=interval, by=dimensions, limit=limit)
        except TooManyBuckets as error:
            raise Failure(str(error), exit_code=2) from None
    if found.is_empty:
        open_store(settings).get(found.code)  # says so where there is no such link
    if as_json:
        print_json(to_json(found))
    else:
        print_stats(found)


def read_period(since: str | None, until: str | None, now: datetime) -> Period:
    """Return the period that a person asked for.

    Raises:
        Failure: the text of a time can't be read, or the period ends before it starts.
    """
    first, last = read_since(since, now), read_moment("--until", until, now)
    try:
        return Period(since=first, until=last)
    except ValueError as error:
        raise Failure(str(error), exit_code=2) from None


def read_dimensions(names: str) -> tuple[Dimension, ...]:
    """Return the dimensions that a person listed, each once.

    Raises:
        Failure: one of them is none.
    """
    try:
        return tuple(dict.fromkeys(read_dimension(name.strip()) for name in names.split(",")))
    except ValueError as error:
        raise Failure(f"--by: {error}", exit_code=2) from None


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
