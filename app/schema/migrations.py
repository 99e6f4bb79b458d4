"""Bring a ClickHouse database to the schema that this code was written for.

Rule 1: a migration is a file NNNN_name.sql with one statement; ClickHouse has no transactions
        for DDL, so a file is either carried out or not.
Rule 2: a statement may be carried out twice (IF NOT EXISTS, MODIFY SETTING), so that two processes
        may migrate at once and one that died between the statement and its row may go on.
Rule 3: a file never changes once released; the next change is the next file.
Rule 4: the same files make the tables of a cluster's replicas and shards; what differs is the
        engine, which is chosen when they are carried out.
"""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

from app.config.settings import Settings
from app.schema.by_time import keep_by_time
from app.schema.columns import added_columns, keep_columns
from app.schema.lifetime import Lifetime, keep_clicks
from app.schema.membership import TableServer
from app.schema.mismatch import SchemaMismatch
from app.schema.replication import have_caught_up, held_tables, make_alike
from app.schema.resting_months import merge_resting_months
from app.schema.servers import Servers, opened
from app.schema.sharding import find_layout, spread
from app.schema.sums import SUM_TABLES, keep_sums
from app.schema.table_settings import hasten_cleanup
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.hosts import places
from app.stores.clickhouse.shards import SHARDED
from app.stores.scripts import query

logger = logging.getLogger(__name__)

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")
_CREATED = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)\n\((.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(r"^ +(\w+) +(\w+(?:\([^)]*\))?)", re.MULTILINE)
#: What engines begin with whose every host has the same.
_SHARED = ("Replicated", "Shared", "Distributed")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file.

    Attributes:
        name: the file's name, which starts with its four digits.
        statement: the SQL.
    """

    name: str
    statement: str

    @property
    def number(self) -> int:
        """The file's number, from 1."""
        return int(self.name[:4])

    @property
    def checksum(self) -> str:
        """SHA-256 of the statement, in hexadecimal."""
        return hashlib.sha256(self.statement.encode()).hexdigest()


def migrate(
    url: str,
    *,
    timeout_seconds: float,
    ttl_days: int,
    cold_days: int = 0,
    storage_policy: str = "",
) -> list[str]:
    """Create the database if it is missing, apply what is new, and set how clicks are kept.

    Args:
        url: as :func:`~app.stores.clickhouse.connection.connect` reads it; the user needs the
            rights to create.
        timeout_seconds: longest wait for one statement.
        ttl_days: days after which a click is deleted, 0 for never.
        cold_days: days after which it goes to the volume ``cold`` of the policy, 0 for never.
        storage_policy: of the clicks; '' leaves it as it is.

    Returns:
        The names of the migrations applied, in order; empty when there were none.

    Raises:
        SchemaMismatch: the database is newer than this code, or an applied file has changed.
        ClickHouseRefused, ClickHouseUnavailable: as the server says.
    """
    with opened(url, timeout_seconds) as servers:
        if servers.cluster:
            _make_alike(servers)
        else:
            _require_shared(servers.first)
        servers.run_everywhere(query("app.schema", "create_migrations"))
        have_caught_up([servers.first], "migrations")
        waiting = pending(servers.first.client)
        if waiting:
            servers.require_all()
        _require_tables(servers, waiting)
        for migration in waiting:
            _apply(servers, migration)
        if waiting:
            # Else one that is asked next would lack what was applied.
            have_caught_up(servers.all, "migrations")
        keep_clicks(servers, Lifetime(ttl_days, cold_days), storage_policy)
        keep_columns(servers)
        keep_by_time(servers)
        keep_sums(servers)
        merge_resting_months(servers)
        hasten_cleanup(servers)
        for error in servers.away:
            logger.warning("%s; run `hopline migrate` again if it is a new replica", error)
    return [migration.name for migration in waiting]


def migrate_as_set(settings: Settings) -> list[str]:
    """Migrate the database of an installation; as :func:`migrate`."""
    return migrate(
        settings.clickhouse_server,
        timeout_seconds=settings.clickhouse_timeout_seconds,
        ttl_days=settings.click_ttl_days,
        cold_days=settings.click_cold_days,
        storage_policy=settings.clickhouse_storage_policy,
    )


def known() -> list[Migration]:
    """Return the migrations that this code carries, in order."""
    files = resources.files("app.schema").iterdir()
    found = [
        Migration(file.name, file.read_text().strip())
        for file in files
        if _FILE_NAME.fullmatch(file.name)
    ]
    return sorted(found, key=lambda migration: migration.number)


def tables() -> dict[str, dict[str, str]]:
    """Return the types of the columns of each table that migrating makes, by their names."""
    created = [_CREATED.search(migration.statement) for migration in known()]
    made = {one[1]: dict(_COLUMN.findall(one[2])) for one in created if one}
    return made | {"clicks": made["clicks"] | added_columns()}


def pending(client: Client) -> list[Migration]:
    """Return the migrations that the client's database still lacks, in order.

    Raises:
        SchemaMismatch: the database is newer than this code, or an applied file has changed.
    """
    rows = client.execute("SELECT name, checksum FROM migrations FINAL ORDER BY number")
    return outstanding(known(), dict(rows))


def outstanding(ours: Iterable[Migration], applied: Mapping[str, str]) -> list[Migration]:
    """Return which of our migrations are not among the applied ones, given name to checksum.

    Raises:
        SchemaMismatch: something was applied that isn't ours, or that we know with other content.
    """
    checksums = {migration.name: migration.checksum for migration in ours}
    for name, checksum in applied.items():
        if name not in checksums:
            raise SchemaMismatch(
                f"the database has migration {name}, which this version of Hopline doesn't know:"
                " run the version that made it, or a newer one"
            )
        if checksum != checksums[name]:
            raise SchemaMismatch(
                f"migration {name} was applied with other content than it has now:"
                " install the released files again"
            )
    return [migration for migration in ours if migration.name not in applied]


def _make_alike(servers: Servers) -> None:
    """Have a cluster's hosts hold the same tables; clicks last, lest they miss Keeper first."""
    spread_over = find_layout(servers)
    held = held_tables(servers.all)
    for table in (*SUM_TABLES, "migrations", *reversed(tables())):
        if table in held and not (spread_over and table in SHARDED):
            make_alike(servers, servers.all, table)
    if spread_over:
        spread(servers, spread_over)


def _require_tables(servers: Servers, waiting: Iterable[Migration]) -> None:
    """Refuse to go on where a table is gone that was made: its clicks may be there still."""
    to_come = {made[1] for one in waiting if (made := _CREATED.search(one.statement))}
    there = {name for (name,) in servers.first.run("SHOW TABLES")}
    made_before = tables().keys() - to_come
    gone = sorted({name for table in made_before for name in (table, servers.own(table))} - there)
    if gone:
        raise SchemaMismatch(
            f"the database has no {' and no '.join(gone)}, which a migration made: bring back what"
            " was detached (ATTACH TABLE), renamed (RENAME TABLE) or dropped (a backup); to begin"
            " with empty ones, TRUNCATE TABLE migrations and run `hopline migrate` again"
        )


def _require_shared(server: TableServer) -> None:
    """Refuse to make tables on one of several hosts: each of them would have its own."""
    if len(places(server.url)) == 1:
        return
    engines = server.run(
        "SELECT engine FROM system.databases WHERE name = currentDatabase() UNION ALL"
        " SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'clicks'"
    )
    if not any(engine.startswith(_SHARED) for (engine,) in engines):
        raise SchemaMismatch(
            "HOPLINE_CLICKHOUSE_URL names several hosts, each of which would have clicks of its"
            " own: set HOPLINE_CLICKHOUSE_CLUSTER to their name in <remote_servers>"
        )


def _apply(servers: Servers, migration: Migration) -> None:
    servers.run_everywhere(migration.statement)
    row = (migration.number, migration.name, migration.checksum)
    servers.first.run("INSERT INTO migrations (number, name, checksum) VALUES", [row])
    logger.info("applied migration %s", migration.name)
