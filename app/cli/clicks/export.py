"""Command that writes clicks to a file or a pipe: `hopline export`."""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.clicks.question import (
    Asked,
    Codes,
    Everything,
    Filters,
    Preset,
    Since,
    Tag,
    Until,
    Zone,
    blamed,
)
from app.exports.clicks import ClickExport, Cursor, read_cursor
from app.exports.parquet import Parquet
from app.exports.part import BrokenPart, Form, Part, Progress, stream
from app.exports.text import csv_form, ndjson_form
from app.processes.private_files import keep_to_ourselves
from app.reports import json_form
from app.reports.period import Period, period_of
from app.reports.query import BadQuery, Query, utc
from app.reports.scope import tagged_codes
from app.stores.clickhouse.shards import ClickHouseConnection
from app.terminal.output import Failure, complain
from app.terminal.progress import counted

Format = Literal["csv", "ndjson", "parquet"]

_FORMS: dict[Format, Callable[[], Form]] = {
    "csv": csv_form,
    "ndjson": ndjson_form,
    "parquet": Parquet,
}
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "ndjson",
    ".ndjson": "ndjson",
    ".parquet": "parquet",
}


def export(
    codes: Codes = None,
    *,
    everything: Everything = False,
    tag: Tag = None,
    period: Preset = None,
    since: Since = None,
    until: Until = None,
    tz: Zone = None,
    filters: Filters = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="File; standard output by default.")
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="From the file's name, or else csv.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the file of --to, as it was asked for.")
    ] = False,
    after: Annotated[
        str | None,
        typer.Option(help="Begin behind this place, which an export that broke off has named."),
    ] = None,
) -> None:
    """Write clicks as CSV, NDJSON or Parquet, each once, with its newest enrichment.

    They come by month, link and time, up to the moment at which the export begins. CSV gets an
    apostrophe before what a spreadsheet would run. An export to a file that broke off goes on by
    --resume, and one to a pipe by --after.

    \b
    hopline export --all --period 30d --to clicks.parquet
    hopline export --resume --to clicks.parquet
    hopline export demo1 --filter kind=person --format ndjson | gzip > demo1.ndjson.gz
    """
    asked = Asked(period=period, since=since, until=until, tz=tz, filter=filters)
    if resume:
        if to is None:
            raise Failure("--resume: say which file by --to", exit_code=2)
        if asked.is_given or codes or tag or everything or form or after:
            raise Failure("--resume: it takes the question that was asked before", exit_code=2)
        _resume(asked, to)
        return
    asked.add_scope(codes, tag, is_all=everything)
    chosen = form or _SUFFIXES.get(to.suffix.lower() if to else "", "csv")
    with blamed():
        place = read_cursor(after) if after else None
        query = _bounded(asked)
        tagged = tagged_codes(query, asked.links)
    if to is None:
        _to_output(asked, query, tagged, chosen, place)
        return
    question = {"query": json_form.to_json(query), "tagged": tagged, "format": chosen}
    with _failing(to):
        part = Part(to)
        _to_file(asked, to, part, replace(part.begin(question), after=after or ""))


def _bounded(asked: Asked) -> Query:
    """Return the query with the moments that it means today, so that it can go on later."""
    query = asked.query()
    found = period_of(query, asked.now)
    until = min(found.until or asked.now, asked.now)
    if found.since is not None and found.since >= until:
        raise BadQuery("since", "there is nothing yet")
    return replace(query, period="all", since=found.since, until=until)


def _resume(asked: Asked, to: Path) -> None:
    with _failing(to):
        part = Part(to)
        if part.is_done:
            print(f"{to} is whole already")
            return
        _to_file(asked, to, part, part.progress())


def _to_file(asked: Asked, to: Path, part: Part, begun: Progress) -> None:
    keep_to_ourselves()
    question = begun.question
    query = json_form.from_json(question["query"], asked.now)
    place = read_cursor(begun.after) if begun.after else None
    with _reading(asked, query, question["tagged"]) as clicks:
        rows = part.write(_FORMS[question["format"]](), clicks.blocks(place), begun)
        try:
            left = sum(clicks.months().values()) - begun.rows
            deque(counted(rows, "clicks", total=max(left, 1), size=int), maxlen=0)
        except BaseException:
            complain(f"{part.path} is not whole: go on by `hopline export --resume --to {to}`")
            raise
    print(f"{begun.rows:,} clicks are in {to}")


def _to_output(
    asked: Asked, query: Query, tagged: Sequence[str], form: Format, place: Cursor | None
) -> None:
    if form == "parquet" and sys.stdout.isatty():
        raise Failure("--format: Parquet is not for a terminal: say --to FILE", exit_code=2)
    last = place
    with _reading(asked, query, tagged) as clicks:
        blocks = clicks.blocks(place)
        if not sys.stdout.isatty():
            total = None if place else sum(clicks.months().values())
            blocks = counted(blocks, "clicks", total=total, size=len)
        try:
            for at in stream(_FORMS[form](), blocks, sys.stdout.buffer, is_first=place is None):
                last = at
        except BrokenPipeError:
            raise  # who reads has seen enough
        except BaseException:
            if last and query.until and form != "parquet":
                complain(f"broke off: go on by --after '{last}' --until {utc(query.until)}")
            raise


@contextmanager
def _reading(asked: Asked, query: Query, tagged: Sequence[str]) -> Iterator[ClickExport]:
    settings, url = asked.settings, asked.settings.clickhouse_server
    with closing(ClickHouseConnection(url, settings.clickhouse_timeout_seconds)) as connection:
        yield ClickExport(connection, url, query, Period(query.since, query.until), tagged)


@contextmanager
def _failing(to: Path) -> Iterator[None]:
    """Say of a file that can't be written or gone on with what is the matter."""
    try:
        yield
    except BrokenPart as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"{to} can't be written: {error.strerror}") from None
