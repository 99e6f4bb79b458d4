"""`hopline links import` and `hopline links export`."""

import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn

from app import link_import
from app.cli.link_files import Format, read_rows, write_links
from app.cli.output import Failure, complain
from app.link_import import Outcome, Rehearsal
from app.link_store import open_store
from app.redis import RedisError
from app.settings import load


def import_links(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(help="CSV or JSON lines; - for standard input.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file and store nothing.")
    ] = False,
) -> None:
    """Add the links of a file; it can be repeated, because links already there are left alone.

    CSV names its columns in the first line: target, and any of code, status, expires_at,
    click_limit, forward_query, cache_control, tags (with commas), title, disabled, created_at.
    JSON lines use the same names. A line without a code gets one made up, each time.

    A bad line is reported with its number and reason, and does not stop the others.

    \b
    hopline links import links.csv --dry-run
    hopline links export | hopline links import -
    """
    store = open_store(load())
    shelf = Rehearsal(store) if dry_run else None
    with io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="") as text:
        kinds = _report(link_import.import_links(store, read_rows(text), shelf=shelf))
    if kinds["refused"]:
        raise typer.Exit(1)


def export_links(
    file: Annotated[Path | None, typer.Argument(help="Standard output by default.")] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="From the file's name, or else csv.")
    ] = None,
    with_deleted: Annotated[
        bool, typer.Option("--with-deleted", help="Deleted links too, which keep their codes.")
    ] = False,
) -> None:
    """Write all links, so that `hopline links import` reads them back.

    \b
    hopline links export links.csv
    hopline links export --format jsonl --with-deleted | gzip > links.jsonl.gz
    """
    if form is None:
        form = "jsonl" if file and file.suffix == ".jsonl" else "csv"
    links = open_store(load()).links.scan(deleted=with_deleted)
    if file is None:
        write_links(sys.stdout, links, form)
        return
    with _replacing(file) as text:
        write_links(text, links, form)


def _report(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Say what became of the rows and count them by kind."""
    kinds: Counter[str] = Counter()
    try:
        for outcome in _with_progress(outcomes):
            kinds[outcome.kind] += 1
            if outcome.reason:
                complain(f"line {outcome.line}: {outcome.reason}")
    except RedisError:
        complain(f"{kinds.total()} links were dealt with; the import can be repeated")
        raise
    print(", ".join(f"{kinds[kind]} {kind}" for kind in ("created", "unchanged", "refused")))
    return kinds


def _with_progress(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    console = Console(stderr=True)
    column = TextColumn("{task.completed:,.0f} links")
    with Progress(column, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield from bar.track(outcomes)


@contextmanager
def _replacing(file: Path) -> Iterator[TextIO]:
    """Open a file that takes its name only once it is whole, so that no backup is half a one."""
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as text:
            yield text
        part.replace(file)
    except OSError as error:
        raise Failure(f"{file} can't be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
