"""Commands about other programs' visits: `hopline visits import`."""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.clicks.click import Clicks
from app.clicks.rows import Rows
from app.config.loading import load
from app.config.settings import Settings
from app.links.files.encoding import UnreadableFile
from app.links.store import open_store
from app.processes.private_files import keep_to_ourselves
from app.reports.query import BadQuery, read_zone
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError
from app.terminal.options import AsJson, read_columns
from app.terminal.output import Failure, complain, print_json
from app.terminal.progress import counted
from app.verdicts.modes import read_modes
from workers.enrich.enricher import Enricher
from workers.enrich.places.database import BadPlaceDatabase
from workers.enrich.places.places import Places
from workers.enrich.salts import Salts
from workers.enrich.user_agent import UserAgents
from workers.enrich.verdicts import Verdicts
from workers.enrich.visitor import Visitors
from workers.visits.table import VisitTable
from workers.visits.visit import NAMES, VisitReader
from workers.visits.visit_import import Outcome, VisitImport

_KINDS = ("stored", "already there", "refused")
_DAY_MS = 86_400_000
#: What is nearly too old might be forgotten before it is read.
_MARGIN_MS = 3_600_000

visits = typer.Typer(
    no_args_is_help=True,
    help="Bring visits that another program has recorded, each as one click.",
    add_completion=False,
)


@visits.callback()
def _group() -> None:
    """Bring visits that another program has recorded, each as one click."""


@visits.command("import")
def import_visits(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(help="CSV, JSON lines or a JSON array; - for standard input."),
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file and store nothing.")
    ] = False,
    code: Annotated[
        str, typer.Option(help="Of the link whose visits these are, where no row says it.")
    ] = "",
    tz: Annotated[
        str, typer.Option(help="Time zone of times that name none, e.g. Europe/Berlin.")
    ] = "UTC",
    column: Annotated[
        list[str],
        typer.Option(metavar="OURS=THEIRS", help=f"What the file calls one of {', '.join(NAMES)}."),
    ] = [],  # noqa: B006 - typer reads it, and nobody changes it
    encoding: Annotated[
        str, typer.Option(help="The file's encoding, e.g. windows-1252; found out by default.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Store each visit of a file as a click, once, however often it is imported.

    The links have to be there: `hopline links import` comes first. A visit becomes a click with the
    time, address, user agent and referrer that the file says, judged and placed by our rules; what
    it doesn't say isn't made up. Logs of YOURLS and visits of Shlink and Dub are read as they are,
    of any other file --column says what is what. See docs/switching.md.

    One that is stopped goes on when run again: what is there already is left alone.

    \b
    hopline visits import yourls_log.csv --tz Europe/Berlin --dry-run
    hopline visits import visits.json --code demo1
    """
    keep_to_ourselves()
    settings = load()
    columns = read_columns(column, NAMES)
    try:
        zone = read_zone(tz)
    except BadQuery as error:
        raise Failure(f"--tz: {error}", exit_code=2) from None
    try:
        kinds = _bring(settings, file, (zone, code), columns, encoding, is_dry=dry_run)
    except (UnreadableFile, BadPlaceDatabase) as error:
        raise Failure(str(error)) from None
    if as_json:
        names = {kind.replace(" ", "_"): kinds[kind] for kind in _KINDS}
        print_json({"dry_run": dry_run, **names})
    else:
        print(", ".join(f"{kinds[kind]} {kind}" for kind in _KINDS))
    if kinds["refused"]:
        raise typer.Exit(1)


def _bring(
    settings: Settings,
    file: typer.FileBinaryRead,
    where: tuple[ZoneInfo, str],
    columns: dict[str, str],
    encoding: str,
    *,
    is_dry: bool,
) -> Counter[str]:
    reader = VisitReader(*where, _now_ms())
    found = reader.read(
        file,
        columns,
        lambda name: complain(f"visits have no {name!r}: that column is left out"),
        lambda theirs, ours: complain(f"{theirs!r} is read as {ours}"),
        encoding,
    )
    seconds = settings.clickhouse_timeout_seconds
    table = VisitTable(settings.clickhouse_server, seconds)
    days = settings.click_ttl_days
    importing = VisitImport(
        open_store(settings),
        table,
        _Enriching(settings).enrich,
        _now_ms,
        kept_since_ms=_now_ms() - days * _DAY_MS + _MARGIN_MS if days else 0,
        is_dry=is_dry,
    )
    try:
        return _report(counted(importing.run(found), "visits"))
    finally:
        table.close()


class _Enriching:
    """Enriches clicks by today's rules, without what tells of the traffic around one."""

    def __init__(self, settings: Settings) -> None:
        url = settings.redis_url
        client = connect(url, timeout_seconds=settings.redis_timeout_seconds)
        self._enricher = Enricher(
            UserAgents(),
            Verdicts(read_modes(settings.rules), settings.own_networks),
            Places(settings.geoip_path, settings.data_dir),
            Visitors(Salts(client, url).of_day),
            settings.store_addresses,
        )

    def enrich(self, clicks: Clicks, now_ms: int) -> Rows:
        """Return the rows of clicks."""
        return self._enricher.enrich(clicks, now_ms)


def _report(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Say which visits were refused, and count them all by what became of them."""
    kinds: Counter[str] = Counter()
    try:
        for outcome in outcomes:
            kinds[outcome.kind] += 1
            if outcome.reason:
                complain(f"line {outcome.line}: {outcome.reason}")
    except (RedisError, ClickHouseError):
        complain(f"{kinds.total()} visits were dealt with; the import can be repeated")
        raise
    return kinds


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
