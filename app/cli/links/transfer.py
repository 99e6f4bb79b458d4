"""Commands that read and write many links at once: `hopline links import` and `export`."""

import os
import stat
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, BinaryIO
from uuid import uuid4

import typer

from app.changes.author import local_author
from app.cli.links.columns import Column, Encoding, chosen
from app.config.loading import load
from app.links import importer
from app.links.files.encoding import UnreadableFile
from app.links.files.export import Format, replacing, write_links
from app.links.files.rows import read_rows
from app.links.importer import Outcome, Rehearsal
from app.links.store import open_store
from app.stores.redis.errors import RedisError
from app.terminal.output import Failure, complain
from app.terminal.progress import counted

_KINDS = ("created", "updated", "unchanged", "refused")


def import_links(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(help="CSV, JSON lines or a JSON array; - for standard input."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file and store nothing.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Change links that are there to what their rows say.")
    ] = False,
    column: Column = [],  # noqa: B006 - typer reads it, and nobody changes it
    encoding: Encoding = "",
) -> None:
    """Add the links of a file; it can be repeated, because links already there are left alone.

    CSV names its columns in the first line: target, and any of code, status, expires_at,
    click_limit, forward_query, cache_control, tags (with commas), title, disabled, created_at;
    between them stand commas, semicolons or tabs. JSON uses the same names. A line is a row, and
    one without a code gets one made up, each time. An empty cell says nothing; `none` takes an
    expiry or a limit off.

    Exports of Shlink, YOURLS, Kutt, Bitly, Dub and Short.io are read as they are: what they call
    the parts of a link is told as it is read. --column says it of any other file.

    A bad line is reported with its number and reason, and does not stop the others. With --update
    an edited export changes its links; without it, what differs is reported and left as it is.

    \b
    hopline links import links.csv --dry-run
    hopline links import old.csv --column target='Long link' --column code=Ending --dry-run
    hopline links export | hopline links import -
    """
    columns = chosen(column)
    via = f"hopline links import {getattr(file, 'name', '-')}"
    store = open_store(load()).by(local_author(via, request_id=uuid4().hex))
    try:
        rows = read_rows(
            file,
            columns=columns,
            on_unknown=_tell_unknown,
            on_alias=lambda theirs, ours: complain(f"{theirs!r} is read as {ours}"),
            encoding=encoding,
        )
        shelf = Rehearsal(store) if dry_run else None
        outcomes = importer.import_links(store, rows, shelf=shelf, changes_links=update)
        kinds = _report(counted(outcomes, "links", share=share_read(file)))
    except UnreadableFile as error:
        raise Failure(str(error)) from None
    if kinds["refused"]:
        raise typer.Exit(1)


def export_links(
    file: Annotated[
        Path | None, typer.Argument(help="Standard output by default, or as -.")
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="From the file's name, or else csv.")
    ] = None,
    with_deleted: Annotated[
        bool, typer.Option("--with-deleted", help="Deleted links too, which keep their codes.")
    ] = False,
    no_formulas: Annotated[
        bool,
        typer.Option(
            "--no-formulas",
            help="For spreadsheets: an apostrophe before cells that they would run as a formula.",
        ),
    ] = False,
) -> None:
    """Write all links, so that `hopline links import` reads them back.

    \b
    hopline links export links.csv
    hopline links export --format jsonl --with-deleted | gzip > links.jsonl.gz
    """
    if form is None:
        form = "jsonl" if file and file.suffix.lower() in (".jsonl", ".ndjson") else "csv"
    store = open_store(load())
    links = store.links.scan_all() if with_deleted else store.links.scan()
    is_piped = file is None or file == Path("-")
    # On a terminal the links themselves are the progress.
    if not (is_piped and sys.stdout.isatty()):
        links = counted(links, "links", total=store.links.count(deleted=with_deleted))
    if file is None or is_piped:
        write_links(sys.stdout, links, form, neutralise=no_formulas)
        return
    try:
        with replacing(file) as text:
            write_links(text, links, form, neutralise=no_formulas)
    except OSError as error:
        raise Failure(f"{file} can't be written: {error.strerror}") from None


def share_read(file: BinaryIO) -> Callable[[], float | None]:
    """Return what tells which part of a file was read; of one that has no length it can't tell.

    Nor can it of one that is read as a whole before its first row comes, as a JSON array is.
    """
    size = 0
    with suppress(OSError):
        status = os.fstat(file.fileno())
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0

    def share() -> float | None:
        # What has no length may have no place either.
        place = size if file.closed or not size else file.tell()
        return place / size if place < size else None

    return share


def _tell_unknown(column: str) -> None:
    complain(f"links have no {column!r}: that column is left out")


def _report(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Say what became of the rows and count them by kind."""
    kinds: Counter[str] = Counter()
    try:
        for outcome in outcomes:
            kinds[outcome.kind] += 1
            if outcome.reason:
                complain(f"line {outcome.line}: {_reason(outcome)}")
    except RedisError:
        complain(f"{kinds.total()} links were dealt with; the import can be repeated")
        raise
    told = [kind for kind in _KINDS if kinds[kind] or kind != "updated"]
    print(", ".join(f"{kinds[kind]} {kind}" for kind in told))
    return kinds


def _reason(outcome: Outcome) -> str:
    if outcome.kind == "refused":
        return outcome.reason
    return f"left as it is, where {outcome.reason}; --update would change that"
