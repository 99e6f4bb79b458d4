"""Command that reports on a link's clicks: `hopline stats`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.stats_view import print_stats
from app.config.loading import load
from app.config.settings import Settings
from app.links.codes import named
from app.links.store import open_store
from app.reports.reader import DEFAULT_BY, Reports
from app.reports.stats import Dimension, Interval, Period, Stats, read_dimension, to_json
from app.reports.timeline import TooManyBuckets
from app.terminal.options import AsJson, read_moment, read_since
from app.terminal.output import Failure, print_json


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
        settings.clickhouse_url, timeout_seconds=settings.clickhouse_timeout_seconds
    ) as reports:
        try:
            found = reports.stats(code, period, now, interval=interval, by=dimensions, limit=limit)
        except TooManyBuckets as error:
            raise Failure(str(error), exit_code=2) from None
    _require_link(settings, found)
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


def _require_link(settings: Settings, found: Stats) -> None:
    if found.is_empty:
        open_store(settings).get(found.code)
