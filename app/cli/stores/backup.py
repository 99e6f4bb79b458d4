"""Commands that write links and clicks to disk, and read them back: `hopline backup`, `restore`."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from app.backup.archive import (
    ArchiveWriter,
    Manifest,
    new_archive,
    open_archive,
    read_part,
    read_text,
)
from app.backup.beside_links import Kind, open_beside_links
from app.backup.clicks import ClickTable, Written
from app.backup.writers import written_at_once
from app.changes.author import local_author
from app.config.loading import load
from app.config.settings import Settings
from app.links.link import decode, encode
from app.links.store import LinkStore, open_store
from app.processes.private_files import is_open_to_others, keep_to_ourselves
from app.schema.migrations import migrate_as_set
from app.stores.clickhouse.shards import ClickHouseConnection
from app.terminal.output import Failure, complain
from app.terminal.progress import counted

_LINKS = "links"
_CLICKS = "clicks"
_DAY_MS = 86_400_000
#: A click that is about to be forgotten may be gone before it is looked for.
_MARGIN_MS = 3_600_000
#: Links of one round trip.
_PIECE = 500


def backup(
    directory: Annotated[Path, typer.Argument(help="To be made; it must not exist.")],
) -> None:
    """Write links, clicks and what was set up beside them into a directory, to be restored.

    That is API keys, webhooks, shared reports and the trail of changes. All services may go on
    meanwhile: clicks that come during the backup are in it or in the next. Clicks that are not in
    ClickHouse yet, deliveries that wait, dead letters and the day's secret for visitor ids are not
    in it; they live in Redis' own files. The secrets that webhooks are signed with are in it, so
    the directory is open to nobody but who made it. One that broke off goes on when it is run
    again; until it is whole, its name ends with .part.

    \b
    hopline backup /var/backups/hopline-2026-05-01
    """
    keep_to_ourselves()
    settings = load()
    store = open_store(settings)
    try:
        with (
            _click_table(settings) as clicks,
            new_archive(directory, clicks.columns) as archive,
        ):
            if clicks.left_out:
                complain(f"columns of your own are left out: {', '.join(clicks.left_out)}")
            beside = open_beside_links(settings, local_author("hopline backup"))
            kinds = (*beside.before, *beside.after)
            _write_parts(archive, store, kinds, clicks)
    except OSError as error:
        raise Failure(f"{directory} can't be written: {error.strerror}") from None
    lines = archive.manifest.lines
    held = _held(archive.manifest, kinds, lines(_LINKS), lines(_CLICKS))
    print(f"{held} are in {directory}")


def restore(
    directory: Annotated[Path, typer.Argument(help="Made by `hopline backup`.")],
    *,
    disable_webhooks: Annotated[
        bool,
        typer.Option(
            "--disable-webhooks",
            help="Webhooks come back disabled: of a copy beside the original nobody is told.",
        ),
    ] = False,
) -> None:
    """Bring the links, clicks, API keys, webhooks and shares of a backup back; safe to repeat.

    Every file is checked before anything is stored. What is there already stays as it is, and no
    click is counted twice; one that was stopped passes over what it has done. The clicks that are
    reported were looked for after they were inserted; exit code 1 if one is not there.

    Webhooks are told of what happens from then on. Where Redis has lost its data, a key or shared
    report that was revoked since the backup is as good again as it was then: `hopline keys list`,
    and revoke it anew.

    \b
    hopline restore /var/backups/hopline-2026-05-01
    """
    settings = load()
    manifest = open_archive(directory)
    if any(is_open_to_others(path) for path in (directory, *directory.iterdir())):
        complain(f"others can look into {directory}: chmod -R go= {directory}")
    migrate_as_set(settings)
    author = local_author("hopline restore")
    beside = open_beside_links(settings, author, disable_webhooks=disable_webhooks)
    said = _restore_kinds(beside.before, directory, manifest)
    clicks = _restore_clicks(settings, directory, manifest)
    others = _restore_links(settings, directory, manifest)
    said += _restore_kinds(beside.after, directory, manifest, frozenset(others))
    links = manifest.lines(_LINKS) - len(others)
    held = _held(manifest, (*beside.before, *beside.after), links, clicks.stored)
    print(f"{held} are restored from {directory}")
    for code in others:
        complain(f"another link has the code {code!r}; it was left alone")
    for text in said:
        complain(text)
    if clicks.expired:
        complain(f"{clicks.expired:,} clicks are older than HOPLINE_CLICK_TTL_DAYS: not kept")
    if clicks.missing:
        complain(
            f"{clicks.missing:,} clicks are not in ClickHouse: see its log, then run this again"
        )
    if others or clicks.missing:
        raise typer.Exit(1)


def _write_parts(
    archive: ArchiveWriter, store: LinkStore, kinds: Sequence[Kind], clicks: ClickTable
) -> None:
    """Write links, what lies beside them and clicks; what is there of a try before stays."""
    last = archive.last(_CLICKS)
    begin = None
    if last is not None:
        part, line = last
        begin = clicks.place_behind(part.name, part.lines, line)
    written = {part.name for part in archive.manifest.parts}
    if written:
        complain(f"going on with the backup that broke off, begun at {archive.manifest.made_at}")
    if _LINKS not in written:
        total = store.links.count(deleted=True)
        archive.add(_LINKS, counted(_link_lines(store), _LINKS, total=total))
    for kind in kinds:
        if kind.name not in written:
            archive.add(kind.name, kind.lines())
    months = clicks.months()
    left = sum(months.values()) - archive.manifest.lines(_CLICKS)
    lines = counted(
        clicks.read(months, begin),
        _CLICKS,
        total=max(left, 0),
        size=lambda one: one[1].count(b"\n"),
    )
    for name, of_part in groupby(lines, key=itemgetter(0)):
        archive.add_text(name, map(itemgetter(1), of_part))


def _restore_clicks(settings: Settings, directory: Path, manifest: Manifest) -> Written:
    total = Written()
    days = settings.click_ttl_days
    kept_since_ms = time.time_ns() // 1_000_000 - days * _DAY_MS + _MARGIN_MS if days else 0
    with _click_table(settings) as clicks, _click_table(settings) as others:
        if left_out := clicks.without(manifest.columns):
            complain(f"this table has no {', '.join(left_out)}: left out")
        parts = (part for part in manifest.parts if part.name.startswith(_CLICKS))
        chunks = chain.from_iterable(read_text(directory, part) for part in parts)
        written = written_at_once((clicks, others), manifest.columns, chunks, kept_since_ms)
        count = manifest.lines(_CLICKS)
        for one in counted(written, _CLICKS, total=count, size=lambda one: one.lines):
            total += one
    return total


def _restore_links(settings: Settings, directory: Path, manifest: Manifest) -> list[str]:
    """Restore the links; return the codes of those in whose way other ones stood."""
    store = open_store(settings).by(local_author("hopline restore"))
    return [
        code
        for part in manifest.parts
        if part.name == _LINKS
        for code in _store_links(
            store, counted(read_part(directory, part), "links", total=part.lines)
        )
    ]


def _restore_kinds(
    kinds: Iterable[Kind],
    directory: Path,
    manifest: Manifest,
    others: frozenset[str] = frozenset(),
) -> list[str]:
    """Restore what lies beside links, but for what is of others; return what to tell people."""
    parts = {part.name: part for part in manifest.parts}
    said = []
    for kind in kinds:
        if kind.name in parts:
            lines = read_part(directory, parts[kind.name])
            said += kind.restore(line for line in lines if line.get("code") not in others)
    return said


@contextmanager
def _click_table(settings: Settings) -> Iterator[ClickTable]:
    url = settings.clickhouse_server
    with closing(ClickHouseConnection(url, settings.clickhouse_timeout_seconds)) as connection:
        yield ClickTable(connection, url)


def _link_lines(store: LinkStore) -> Iterator[dict[str, Any]]:
    """Yield all links, deleted ones too, whose codes stay taken."""
    for link in store.links.scan_all():
        uses = store.uses(link)
        yield {"code": link.code, "link": orjson.Fragment(encode(link)), "uses": uses}


def _held(manifest: Manifest, kinds: Iterable[Kind], links: int, clicks: int) -> str:
    """Say how much there is of what."""
    counts = ((manifest.lines(kind.name), kind.words) for kind in kinds if kind.words)
    others = "".join(f", {count:,} {words}" for count, words in counts if count)
    return f"{links:,} links{others} and {clicks:,} clicks"


def _store_links(store: LinkStore, lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Store links whose codes are free; yield the codes under which another link stands.

    Those are left alone. Repeating it changes nothing.

    Raises:
        CorruptLink: a line holds no link.
        RedisUnavailable, RedisRefused: some may be stored.
    """
    waiting = iter(lines)
    while piece := list(islice(waiting, _PIECE)):
        links = [decode(line["code"], orjson.dumps(line["link"])) for line in piece]
        for line, link, found in zip(piece, links, store.put_new(links), strict=True):
            if found is None or found == encode(link):
                store.restore_uses(link.code, line["uses"])
            else:
                yield link.code
