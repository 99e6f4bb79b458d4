"""Command that processes clicks again: `hopline replay`."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn

from app.config.loading import load
from app.config.shards import shards_of
from app.processes.private_files import keep_to_ourselves
from app.terminal.exclusive import alone
from app.terminal.options import AsJson, DryRun, yet_to_come
from app.terminal.output import Failure, complain, one_line, print_json, print_table
from app.terminal.progress import progress
from app.times import parse_time, rfc3339, unix_ms
from workers.enrich.places.database import BadPlaceDatabase
from workers.replay.changes import MOST_PAIRS, Changes
from workers.replay.checkpoint import Notebook, Notes, NotesUnusable
from workers.replay.finished_entries import NothingProcessed, milliseconds
from workers.replay.replay import Watch, make_replay
from workers.replay.rows import COMPARED

_ENTRY_ID = re.compile(r"\d{1,20}-\d{1,20}")
_LAST_ID = b"%d-%d" % (2**64 - 1, 2**64 - 1)
#: What is counted and how it reads; a dry run's words come second.
_COUNTED = {
    "read": ("read", "read"),
    "replaced": ("processed again", "would be processed again"),
    "unchanged": ("as they were, left alone", "as they are, would be left alone"),
    "restored": (
        "restored: finished, but missing in ClickHouse",
        "would be restored: finished, but missing in ClickHouse",
    ),
    "newer": ("enriched since this began, left alone", "enriched since this began"),
    "unfinished": ("left to the workers, which have not finished them",) * 2,
    "dead": ("left to `hopline dead`",) * 2,
    "unusable": ("no clicks by today's rules, left alone",) * 2,
}
_ALWAYS = ("read", "replaced")


class _Point(NamedTuple):
    """A time in Unix milliseconds, and the first entry id of it."""

    time_ms: int
    entry_id: bytes


def replay(
    since: Annotated[
        str,
        typer.Option(
            help="From where on: 2026-05-01, 2026-05-01T12:00, 24h or 7d ago, or an entry's id.",
            show_default=False,
        ),
    ],
    until: Annotated[
        str | None, typer.Option(help="Up to where; by default up to now.", show_default=False)
    ] = None,
    *,
    dry_run: DryRun = False,
    top: Annotated[
        int,
        typer.Option(
            min=1, max=MOST_PAIRS, help="Most changes of a column to show; the rest are others."
        ),
    ] = 10,
    json: AsJson = False,
) -> None:
    """Process clicks again, with today's rules and databases of places; no count changes.

    It ends with what changed: of each column which value became which other one, and how often.
    With --dry-run nothing is stored, and the same is said of what would change.

    Clicks whose entries the stream still holds are processed as they came. Of older ones the row
    is all that is left: it says browser, device, bot, referrer and, where the databases
    have one answer for the stored network, its place. One that was stopped goes on when run again.

    \b
    hopline replay --since 30d --dry-run
    hopline replay --since 2026-05-01 --until 2026-06-01
    """
    keep_to_ourselves()
    settings = load()
    streams = " ".join(shard.stream for shard in shards_of(settings))
    typed = (settings.clickhouse_url, streams, since, until or "")
    notebook = Notebook(settings.data_dir / "replay", typed)
    try:
        with alone(settings.data_dir / "replay"):
            notes = (None if dry_run else notebook.read()) or _begin(since, until)
            is_resumed = bool(notes.counts)
            with _progress() as watch:
                note = (lambda _: None) if dry_run else notebook.write
                make_replay(settings, note, watch, is_dry=dry_run).run(notes)
            notebook.forget()
    except (NothingProcessed, NotesUnusable, BadPlaceDatabase) as error:
        raise Failure(str(error)) from None
    if is_resumed:
        complain("this went on with a replay that had been stopped; the figures are of both")
    if json:
        print_json(as_json(notes, top, is_dry=dry_run, is_resumed=is_resumed))
        return
    print_table(("CLICKS", "WHAT"), as_rows(notes, is_dry=dry_run))
    if notes.changed.totals():
        print()
        print_table(("COLUMN", "CLICKS", "OLD", "NEW"), changes_as_rows(notes.changed, top))


def _begin(since: str, until: str | None) -> Notes:
    began_ms = time.time_ns() // 1_000_000
    first = _point("--since", since)
    if first.time_ms > began_ms:
        raise yet_to_come(since)
    last = _point("--until", until) if until else _Point(began_ms, _LAST_ID)
    if first.time_ms > last.time_ms:
        raise Failure("--since lies behind --until", exit_code=2)
    last_id = b"(" + last.entry_id if until else last.entry_id
    return Notes(began_ms, first.time_ms, last.time_ms, first.entry_id, last_id)


def _point(option: str, text: str) -> _Point:
    if _ENTRY_ID.fullmatch(text):
        entry_id = text.encode()
        return _Point(milliseconds(entry_id), entry_id)
    try:
        moment = parse_time(text, datetime.now(UTC))
    except ValueError as error:
        raise Failure(f"{option}: {error}, or an entry's id", exit_code=2) from None
    time_ms = unix_ms(moment)
    return _Point(time_ms, b"%d-0" % time_ms)


@contextmanager
def _progress() -> Iterator[Watch]:
    with progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()) as bar:
        shown = bar.add_task("stream", total=1.0)
        yield lambda what, share: bar.update(shown, description=what, completed=min(share, 1.0))


def as_rows(notes: Notes, *, is_dry: bool) -> Iterator[tuple[str, str]]:
    """Yield numbers of clicks and what they are of."""
    for name, texts in _COUNTED.items():
        if name in _ALWAYS or notes.counts[name]:
            yield f"{notes.counts[name]:,}", texts[is_dry]
    for name, clicks in notes.changed.totals().items():
        yield f"{clicks:,}", f"{'would get' if is_dry else 'got'} another {name}"


def changes_as_rows(changed: Changes, top: int) -> Iterator[tuple[str, str, str, str]]:
    """Yield of each column which values became which, and the rest of its clicks together."""
    for found in changed.top(top):
        at_least = "" if found.is_exact else "≥ "
        for change, clicks in found.top:
            yield found.column, f"{at_least}{clicks:,}", one_line(change.old), one_line(change.new)
        if found.others:
            yield found.column, f"{found.others:,}", "others", "others"


def as_json(notes: Notes, top: int, *, is_dry: bool, is_resumed: bool) -> dict[str, object]:
    """Return a JSON object of stable form."""
    totals = notes.changed.totals()
    return {
        "dry_run": is_dry,
        "resumed": is_resumed,
        "began": rfc3339(notes.began_ms),
        "since": rfc3339(notes.since_ms),
        "until": rfc3339(notes.until_ms),
        "clicks": {name: notes.counts[name] for name in _COUNTED},
        "changed": {name: totals.get(name, 0) for name in COMPARED},
        "changes": {
            found.column: {
                "clicks": found.clicks,
                "exact": found.is_exact,
                "top": [{**change._asdict(), "clicks": clicks} for change, clicks in found.top],
                "others": found.others,
            }
            for found in notes.changed.top(top)
        },
    }
