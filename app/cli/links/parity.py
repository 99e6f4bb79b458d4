"""Command that compares another program's counts of clicks with ours: `hopline links parity`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, NamedTuple

import typer

from app.cli.links.columns import Column, Encoding, chosen
from app.config.loading import load
from app.config.settings import Settings
from app.links.files.encoding import UnreadableFile
from app.links.files.rows import read_rows
from app.links.imported import Imported
from app.links.importer import Row
from app.links.json import NewLink
from app.links.link import CorruptLink, decode
from app.links.store import LinkStore, open_store
from app.links.targets import is_same
from app.reports.parity import Finding, Parity, compared
from app.reports.query import MAX_CODES, Order, Query
from app.reports.reading.reader import Reports
from app.terminal.options import AsJson
from app.terminal.output import Failure, complain, print_json, print_table
from app.times import EPOCH


class Theirs(NamedTuple):
    """A link as the other program has it."""

    code: str
    target: str
    clicks: int


def parity(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(help="Another program's export with its counts; - for standard input."),
    ],
    column: Column = [],  # noqa: B006 - typer reads it, and nobody changes it
    encoding: Encoding = "",
    top: Annotated[int, typer.Option(min=1, help="Most links that are shown.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Compare another program's count of clicks with ours, and say what explains the difference.

    The file is what `hopline links import` reads, best exported anew, with a count of clicks. What
    an import has told of clicks that are not here one by one is taken as a total. Links that differ
    most come first; the last line is about all. docs/switching.md explains the words.

    \b
    hopline links parity export.csv
    hopline links parity export.csv --column clicks=Aufrufe --json
    """
    settings = load()
    try:
        theirs = list(_counted(read_rows(file, columns=chosen(column), encoding=encoding)))
    except UnreadableFile as error:
        raise Failure(str(error)) from None
    if not theirs:
        raise Failure("no line has both a code and a count of clicks: --column clicks=…")
    found = sorted(_compare(theirs, settings), key=lambda one: -abs(one.difference))
    if as_json:
        print_json([one._asdict() | {"difference": one.difference} for one in found])
    else:
        _print(found, top)


def _counted(rows: Iterable[Row]) -> Iterator[Theirs]:
    for row in rows:
        new = row.link
        if isinstance(new, NewLink) and new.code and new.clicks is not None:
            yield Theirs(new.code, str(new.given.get("target", "")), new.clicks)
        elif isinstance(new, NewLink):
            lacking = "count of clicks in plain digits" if new.clicks is None else "code"
            complain(f"line {row.line}: it has no {lacking}")
        else:
            complain(f"line {row.line}: {new}")


def _compare(theirs: Sequence[Theirs], settings: Settings) -> Iterator[Parity]:
    waiting = iter(theirs)
    seconds = settings.clickhouse_timeout_seconds
    store = open_store(settings)
    with Reports(settings.clickhouse_server, timeout_seconds=seconds) as reports:
        while piece := list(islice(waiting, MAX_CODES)):
            missing = _missing(store, piece)
            codes = tuple({one.code for one in piece})
            humans, clicks = (_counts(reports, codes, order) for order in ("humans", "clicks"))
            totals = _known_as_totals(reports, store.imported.of(codes))
            for one in piece:
                ours = (humans.get(one.code, 0), clicks.get(one.code, 0))
                before = min(totals.get(one.code, 0), one.clicks)
                finding = missing.get(one.code) or compared(one.clicks - before, *ours)
                yield Parity(one.code, one.clicks, *ours, finding, before)


def _known_as_totals(reports: Reports, imported: Mapping[str, Imported]) -> dict[str, int]:
    """Return by code how many clicks before the links' import are no clicks here.

    Those that were brought in one by one, or came here before, are.
    """
    runs: dict[int, list[str]] = {}
    for code, told in imported.items():
        runs.setdefault(told.at_ms, []).append(code)
    found: dict[str, int] = {}
    for at_ms, codes in runs.items():
        until = EPOCH + timedelta(milliseconds=at_ms)
        here = _counts(reports, tuple(codes), "clicks", until)
        found |= {code: max(imported[code].clicks - here.get(code, 0), 0) for code in codes}
    return found


def _counts(
    reports: Reports, codes: tuple[str, ...], order: Order, until: datetime | None = None
) -> Mapping[str, int]:
    query = Query(
        codes=codes,
        by=("link",),
        order=order,
        limit=MAX_CODES,
        metrics=("clicks",),
        until=until,
        interval="month" if until else None,
    )
    [links] = reports.ask(query, datetime.now(UTC)).breakdowns
    return {share.name: share.clicks for share in links.top}


def _missing(store: LinkStore, theirs: Sequence[Theirs]) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for one, raw in zip(theirs, store.peek([one.code for one in theirs]), strict=True):
        try:
            link = decode(one.code, raw) if raw else None
        except CorruptLink:
            link = None
        if link is None or link.deleted:
            found[one.code] = "no link here"
        elif one.target and not is_same(link.target, one.target):
            found[one.code] = "leads elsewhere"
    return found


def _print(found: Sequence[Parity], top: int) -> None:
    whole = Parity(
        "all",
        sum(one.theirs for one in found),
        sum(one.humans for one in found),
        sum(one.clicks for one in found),
        "people",
        sum(one.before for one in found),
    )
    print_table(
        ("CODE", "THEIRS", "ONLY A TOTAL", "PEOPLE HERE", "ALL HERE", "DIFFERENCE", "BECAUSE"),
        [*(_cells(one, one.finding) for one in found[:top]), _cells(whole, "")],
    )
    if len(found) > top:
        complain(f"{len(found) - top:,} links that differ less are not shown: see --top")


def _cells(one: Parity, because: str) -> tuple[str, ...]:
    counts = (f"{count:,}" for count in (one.theirs, one.before, one.humans, one.clicks))
    return one.code, *counts, f"{one.difference:+,}", because
