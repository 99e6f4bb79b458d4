"""Command that deletes a link's, a visitor's or an address' clicks for good: `hopline erase`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.progress import Progress, TaskID, TextColumn

from app.config.loading import load
from app.config.settings import Settings
from app.config.shards import shards_of
from app.dead_letters.shards import open_all_dead_letters
from app.erasure.choice import Choice, Span
from app.erasure.deliveries import ToldClicks
from app.erasure.entries import Entries
from app.erasure.erasure import Erasure, Report, Watch
from app.erasure.stored import StoredClicks
from app.erasure.sums import StoredSums
from app.erasure.unfinished import Unfinished
from app.links.codes import named
from app.processes.private_files import keep_to_ourselves
from app.stores.clickhouse.connection import connect as connect_clickhouse
from app.stores.clickhouse.shards import all_replicas
from app.stores.redis.calls import caller
from app.stores.redis.client import connect as connect_redis
from app.terminal.exclusive import alone
from app.terminal.options import AsJson, DryRun, Since, Until, Yes, confirm, read_moment, read_since
from app.terminal.output import Failure, complain, print_json, print_table
from app.terminal.progress import progress
from app.times import unix_ms
from app.webhooks.webhook import group_of

#: Of 64 bits. ClickHouse would take a larger number for another visitor's.
_MOST_VISITOR = 2**64 - 1
#: What nobody can erase from here.
_OUT_OF_REACH = (
    "backups made before: `hopline restore` brings the clicks back",
    "spools of other hosts, and the last seconds in redirects' memory: run it there, and later",
    "what was sent already, to receivers of webhooks and by `hopline export`",
    "bytes of erased entries in Redis, until entries beside them have left the stream",
    "logs: Hopline's show networks at most; a proxy's are its own",
)


def erase(
    code: Annotated[
        str | None,
        typer.Option(
            help="All clicks of this link, by its code or short link; the link stays.",
            callback=lambda code: code and named(code),
        ),
    ] = None,
    visitor: Annotated[
        int | None,
        typer.Option(
            min=1, max=_MOST_VISITOR, help="All clicks of this visitor_id, which is one day's."
        ),
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="All clicks of an address or network: 203.0.113.0/24.")
    ] = None,
    since: Since = None,
    until: Until = None,
    *,
    detached: Annotated[
        bool,
        typer.Option(
            "--detached",
            help="Also all parts that ClickHouse has set aside, with whatever clicks they hold.",
        ),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Erase clicks for good: from ClickHouse, stream, dead letters, deliveries and this spool.

    Where only networks of addresses are stored, a whole address is found while its entries are in
    the stream; a whole network (/24, or /48 of IPv6) finds all of its clicks. Exit code 1 while
    something is left: then run it again. One that was broken off goes on with the next. A
    visitor's clicks can be told from others only once they are processed.

    \b
    hopline erase --code demo1 --dry-run
    hopline erase --address 203.0.113.7 --since 2d --yes
    """
    keep_to_ourselves()
    choice = _choice(code, visitor, address, since, until)
    if not (dry_run or yes):
        confirm("erasing", "Erase these clicks for good?")
    settings = load()
    # A replay would put back what it has read before.
    with alone(settings.data_dir / "replay"), _progress() as watch, _opened(settings) as erasure:
        report = erasure.run(choice, watch, is_dry=dry_run, with_detached=detached)
    if json:
        print_json(_as_json(report, is_dry=dry_run))
    else:
        _print(report, is_dry=dry_run)
    if not (dry_run or report.is_complete):
        raise typer.Exit(1)


def _choice(
    code: str | None, visitor: int | None, address: str | None, since: str | None, until: str | None
) -> Choice:
    if sum(one is not None for one in (code, visitor, address)) != 1:
        raise Failure("say whose clicks: one of --code, --visitor and --address", exit_code=2)
    now = datetime.now(UTC)
    times = {
        name: unix_ms(moment)
        for name, moment in (
            ("since_ms", read_since(since, now)),
            ("until_ms", read_moment("--until", until, now)),
        )
        if moment
    }
    try:
        return Choice(code, visitor, Span.of(address) if address is not None else None, **times)
    except ValueError as error:
        raise Failure(f"--address: {error}", exit_code=2) from None


@contextmanager
def _opened(settings: Settings) -> Iterator[Erasure]:
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    with (
        connect_redis(url, timeout_seconds=timeout_seconds) as client,
        connect_clickhouse(
            settings.clickhouse_server, timeout_seconds=settings.clickhouse_timeout_seconds
        ) as clickhouse,
        all_replicas(
            clickhouse, settings.clickhouse_server, settings.clickhouse_timeout_seconds
        ) as shards,
    ):
        letters = open_all_dead_letters(settings)
        hosts = [one for shard in shards for one in shard.replicas]
        unfinished = Unfinished(settings.data_dir / "erase")
        call = caller(client, url, timeout_seconds)
        yield Erasure(
            Entries(
                call,
                [one.stream for one in shards_of(settings)],
                letters,
                unfinished.add,
                group_of(settings.group),
            ),
            StoredClicks(shards, settings.clickhouse_server),
            StoredSums(hosts, settings.clickhouse_server),
            call,
            ToldClicks(call),
            settings.spool_directory,
            unfinished,
            is_whole=settings.store_addresses == "full",
        )


def _as_json(report: Report, *, is_dry: bool) -> dict[str, object]:
    plain = {**asdict(report), "set_aside": [str(path) for path in report.set_aside]}
    return {"dry_run": is_dry, **plain, "out_of_reach": _OUT_OF_REACH}


def _print(report: Report, *, is_dry: bool) -> None:
    rows = (
        ("ClickHouse", report.stored),
        ("stream", report.entries),
        ("dead letters", report.letters),
        ("spool", report.spooled),
        ("deliveries to webhooks", report.told),
        ("parts set aside by ClickHouse", report.detached_gone),
    )
    print_table(
        ("PLACE", "WOULD BE ERASED" if is_dry else "ERASED"),
        ((place, f"{count:,}") for place, count in rows),
    )
    for text in (*_left(report), *(f"not reached: {place}" for place in _OUT_OF_REACH)):
        complain(text)


def _left(report: Report) -> Iterator[str]:
    if report.left:
        yield f"{report.left:,} entries are not processed yet: run it again when they are"
    for webhook_id, count in report.unreadable.items():
        yield (
            f"deliveries to the webhook {webhook_id} that can't be read may hold clicks: {count:,};"
            " they go when it is deleted"
        )
    if not report.old_parts_gone:
        yield "ClickHouse still has files of before, which it removes by itself: look again later"
    if not report.rewrites:
        yield "Redis' append-only file has the clicks until it is rewritten: run BGREWRITEAOF there"
    if not report.slow_log_cleared:
        yield "Redis' log of slow commands may hold clicks, and this user may not SLOWLOG RESET"
    yield from _left_aside(report)


def _left_aside(report: Report) -> Iterator[str]:
    if report.detached is None:
        yield "parts that ClickHouse has set aside may hold clicks, and this user may not look"
    elif report.detached:
        yield (
            f"parts that ClickHouse has set aside may hold clicks: {report.detached:,}; once nobody"
            " needs them (system.detached_parts), --detached deletes them with all that they hold"
        )
    for path in report.set_aside:
        yield f"{path} was damaged and set aside, and may hold clicks: delete it"


@contextmanager
def _progress() -> Iterator[Watch]:
    with progress(TextColumn("{task.completed:,.0f} {task.description}")) as bar:
        tasks = {what: bar.add_task(text) for what, text in _WORDS.items()}
        yield _watch(bar, tasks)


_WORDS = {"entries": "entries read", "parts": "parts left to rewrite or remove"}


def _watch(bar: Progress, tasks: Mapping[str, TaskID]) -> Callable[[str, int], object]:
    def watch(what: str, change: int) -> None:
        if change > 0:
            bar.advance(tasks[what], change)
        else:
            bar.update(tasks[what], completed=-change)

    return watch
