"""Commands that show what waits on this host's disk, and bring a lost host's clicks home."""

import itertools
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Self

import gevent
import typer
from rich.progress import TextColumn

from app.audit.spool import spool_path, spooled
from app.audit.spool_note import SpoolNote
from app.audit.stored_clicks import find_stored
from app.cli.stores.spool_report import Report, as_json, left_behind, lines
from app.clicks.click import Click, InvalidClick, from_fields
from app.config.loading import load
from app.config.settings import Settings
from app.erasure.spool import set_aside
from app.redirect.redis.resp import decode_command
from app.redirect.spool.rows import Row
from app.redirect.spool.salvage import Salvage, databases_of
from app.redirect.spool.users import user_of
from app.redirect.spool_import import SpoolImport
from app.stores.clickhouse import connection as clickhouse
from app.stores.redis.client import connect as connect_redis
from app.stores.redis.client import server_version
from app.stores.redis.errors import translated
from app.terminal.options import AsJson, DryRun
from app.terminal.output import Failure, complain, print_json, print_table
from app.terminal.progress import progress
from app.times import rfc3339

spool = typer.Typer(
    invoke_without_command=True,
    help="Show the clicks that wait on this host's disk, and bring a lost host's home.",
    add_completion=False,
)

#: Clicks about which ClickHouse is asked at once.
_AT_ONCE = 2_000


@spool.callback()
def show(context: typer.Context, *, json: AsJson = False) -> None:
    """Show the clicks that wait on this host's disk until Redis takes them.

    The redirect sends them by itself. What a lost host has left: `hopline spool import`.
    """
    if context.invoked_subcommand is not None:
        return
    directory = load().spool_directory
    times = [click.time_ms for click in spooled(directory)]
    path = spool_path(directory)
    waiting = {
        "directory": str(directory),
        "clicks": len(times),
        "oldest": rfc3339(min(times)) if times else None,
        "youngest": rfc3339(max(times)) if times else None,
        "in_use": path is not None and user_of(path) is not None,
        "set_aside": list(map(str, set_aside(directory))),
        "lost_with_spool": SpoolNote(directory).lost(),
    }
    if json:
        print_json(waiting)
        return
    print_table(
        ("WHAT", "VALUE"),
        ((name.replace("_", " "), _shown(value)) for name, value in waiting.items()),
    )
    if times and not waiting["in_use"]:
        complain("no redirect runs on it: start one, or `hopline spool import` it")


@spool.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A spool.db, with its -wal beside it, or the folder of one."
        ),
    ],
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help="Delete it once all of it is in Redis.")
    ] = False,
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Send the clicks of a lost host's spool to Redis, from a copy of it or from its disk.

    It may be an old one, damaged, cut off, or on a medium that can't be written: it is only read,
    and what can be read is sent. Each click counts once, by its id, however often this is done or
    interrupted. No redirect has to run here. Exit code 1 if something stays behind, which is named.

    \b
    hopline spool import /mnt/var/lib/hopline/redirect/spool --dry-run
    hopline spool import ./spool.db
    """
    settings = load()
    databases = databases_of(file)
    for database in databases:
        _require_unused(database)
    report = Report()
    with ExitStack() as stack:
        importing = None if dry_run else stack.enter_context(_connected(settings))
        stored = stack.enter_context(_Stored(settings))
        bar = stack.enter_context(progress(TextColumn("{task.completed:,.0f} clicks read")))
        task = bar.add_task("")
        for database in databases:
            salvage = Salvage(database)
            report.files.append(salvage)
            clicks = salvage.clicks()
            while rows := list(itertools.islice(clicks, _AT_ONCE)):
                _bring(rows, report, stored, importing)
                bar.advance(task, len(rows))
        if importing is not None and report.sent:
            importing.settle()
    if not any(each.is_spool for each in report.files):
        raise Failure(f"{file} is no spool, or nothing of it can be read")
    _tell(report, is_dry=dry_run, is_json=json)
    if remove and not dry_run and report.is_complete:
        _remove(databases)
    if not report.is_complete:
        complain(f"{file} is kept as it is")
        raise typer.Exit(1)


def _require_unused(database: Path) -> None:
    user = user_of(database)
    if user is not None:
        who = f"process {user}" if user else "another process"
        raise Failure(f"{database} is in use by {who} of this host, which sends its clicks itself")


@contextmanager
def _connected(settings: Settings) -> Iterator[SpoolImport]:
    """Connect to Redis, and raise as it says where it can't be reached."""
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    with connect_redis(url, timeout_seconds=timeout_seconds) as client, translated(url):
        server_version(client)
    # What the drain's parts log is told in a command's own way.
    logging.getLogger("app").addHandler(logging.NullHandler())
    importing = SpoolImport(settings, lambda why: complain(f"waiting, for {why}; Ctrl-C stops"))
    with importing.running():
        yield importing


class _Stored:
    """Asks ClickHouse which clicks it has, until it doesn't answer.

    To send those again would count nothing twice, but a visitor whose day's secret is gone would
    get another number.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.clickhouse_url
        self._client = clickhouse.connect(
            self._url, timeout_seconds=settings.clickhouse_timeout_seconds
        )
        self._is_away = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()

    def among(self, clicks: Sequence[Click]) -> set[bytes] | None:
        """Return the ids of those that are stored; None where ClickHouse can't be asked."""
        if self._is_away or not clicks:
            return None if self._is_away else set()
        # In a thread, as the connection to Redis has to be served meanwhile.
        found: set[bytes] | clickhouse.ClickHouseError
        found = gevent.get_hub().threadpool.apply(self._ask, (clicks,))
        if isinstance(found, set):
            return found
        self._is_away = True
        complain(f"not asked which clicks are counted already: {found}")
        return None

    def _ask(self, clicks: Sequence[Click]) -> set[bytes] | clickhouse.ClickHouseError:
        click_ids = [each.click_id for each in clicks]
        short_codes = [each.short_code.encode() for each in clicks]
        times_ms = [each.time_ms for each in clicks]
        try:
            with clickhouse.translated(self._url):
                return find_stored(self._client, click_ids, short_codes, times_ms)
        except clickhouse.ClickHouseError as error:
            # Returned, because gevent prints the traceback of what a thread of its pool raises.
            return error


def _bring(
    rows: Sequence[Row], report: Report, stored: _Stored, importing: SpoolImport | None
) -> None:
    """Note clicks, and send those that ClickHouse doesn't have."""
    clicks = []
    for click_id, command in rows:
        try:
            click = _decode(command)
        except (InvalidClick, ValueError):
            # The workers have a place for what is no click.
            report.note("(no click)", int.from_bytes(click_id[:6], "big"))
        else:
            clicks.append(click)
            report.note(click.short_code, click.time_ms)
    known = stored.among(clicks)
    report.counted = None if known is None else (report.counted or 0) + len(known)
    left = [row for row in rows if row[0] not in (known or ())]
    if importing is not None and left:
        refused = importing.send(left)
        report.refused |= refused
        report.sent += len(left) - len(refused)


def _decode(command: bytes) -> Click:
    arguments = decode_command(command)
    flat = arguments[arguments.index(b"*") + 1 :]
    return from_fields(b"0-0", dict(zip(flat[::2], flat[1::2], strict=True)))


def _tell(report: Report, *, is_dry: bool, is_json: bool) -> None:
    if is_json:
        print_json(as_json(report, is_dry=is_dry))
        return
    for line in lines(report, is_dry=is_dry):
        print(line)
    for line in left_behind(report):
        complain(line)


def _remove(databases: Iterable[Path]) -> None:
    for database in databases:
        for suffix in ("-shm", "-wal", ""):
            Path(f"{database}{suffix}").unlink(missing_ok=True)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value) or "-"
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
