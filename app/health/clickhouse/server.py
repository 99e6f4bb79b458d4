"""Checks that ask whether ClickHouse can take clicks and answer reports: version, rights, clock."""

import re
from collections.abc import Iterator, Mapping, Sequence

from app.health.check import Check, fail, ok
from app.health.clickhouse.advice import advice
from app.health.clickhouse.hosts import hosts_checks
from app.health.clickhouse.replicas import replica_checks
from app.health.clickhouse.resting_months import resting_months_check
from app.health.clickhouse.sums import sums_check
from app.health.clickhouse.tables import table_checks
from app.health.clock import judge_skew, measure_skew
from app.schema.lifetime import Lifetime
from app.schema.migrations import pending
from app.schema.mismatch import SchemaMismatch
from app.stores.clickhouse.connection import (
    FIRST_DATABASE,
    ClickHouseError,
    ClickHouseRefused,
    connect,
    database_name,
    insert_settings,
    require_version,
    translated,
)
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import cluster_of, local

_MIGRATE = "run `hopline migrate`"
#: Without these a confirmed insert, or what a merge made of it, is lost when the power goes.
_ON_DISK = ("fsync_after_insert", "fsync_part_directory", "min_rows_to_fsync_after_merge")
_TABLES = ("clicks", "ledger")
_ACCESS_DENIED = 497
_ENTER = "INSERT INTO beginnings (stream, consumer_group, since) VALUES"
#: No stream has such a name.
_PROBE = [("", "hopline doctor", 0)]


def clickhouse_checks(
    url: str, *, timeout_seconds: float, ttl_days: int, cold_days: int = 0
) -> Iterator[Check]:
    """Yield the findings about a server and our database on it.

    Args:
        ttl_days: HOPLINE_CLICK_TTL_DAYS.
        cold_days: HOPLINE_CLICK_COLD_DAYS.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: it doesn't answer, or is too old.
    """
    with translated(url):
        with connect(url, timeout_seconds=timeout_seconds, database=FIRST_DATABASE) as client:
            yield ok("clickhouse", f"ClickHouse {require_version(client)}")
            yield judge_skew("clickhouse clock", measure_skew(lambda: _time(client)))
            missing = not _has_database(client, database_name(url))
        if missing:
            # An embedded server dies when it is asked for a database that isn't there.
            yield fail("schema", f"there is no database {database_name(url)}", _MIGRATE)
            return
        with connect(url, timeout_seconds=timeout_seconds) as client:
            own = local if cluster_of(client) else str
            schema = _schema(client, url)
            yield schema
            yield from _durability(client, url, list(map(own, _TABLES)))
            yield _inserts(client, url)
            if schema.state == "ok":
                yield _reports(client, url)
                yield from table_checks(client, Lifetime(ttl_days, cold_days), own)
                yield from resting_months_check(client, own("clicks"))
                yield sums_check(url, timeout_seconds)
            is_cluster = bool(client.cluster)
    yield from (replica_checks if is_cluster else hosts_checks)(url, timeout_seconds)


def judge_schema(waiting: Sequence[str]) -> Check:
    """Judge which migrations the database lacks."""
    if waiting:
        return fail("schema", f"not applied: {', '.join(waiting)}", _MIGRATE)
    return ok("schema", "up to date")


def judge_durability(engines: Mapping[str, str], defaults: Mapping[str, str]) -> Check:
    """Judge whether the tables have their parts synced.

    Args:
        engines: their engines with all settings that differ from the server's, by name.
        defaults: the server's own values of settings of such tables.
    """
    name = "clickhouse disk"
    lacking = [
        f"{table} without {setting}"
        for table in engines
        for setting in _ON_DISK
        if _setting(engines[table], setting, defaults) in ("0", "false")
    ]
    if lacking:
        mend = "; ".join(
            f"ALTER TABLE {table} MODIFY SETTING {', '.join(f'{one} = 1' for one in _ON_DISK)}"
            for table in engines
            if any(one.startswith(f"{table} ") for one in lacking)
        )
        return fail(name, f"confirmed inserts are not synced: {', '.join(lacking)}", mend)
    return ok(name, "confirmed inserts are on disk")


def _setting(engine: str, setting: str, defaults: Mapping[str, str]) -> str:
    found = re.search(rf"\b{setting} = (\w+)", engine)
    return found[1] if found else defaults.get(setting, "0")


def _durability(client: Client, url: str, names: Sequence[str]) -> Iterator[Check]:
    """Yield what the settings of tables say, where there are these."""
    engines = client.execute(
        "SELECT name, engine_full FROM system.tables"
        " WHERE database = currentDatabase() AND name IN {tables:Array(String)} ORDER BY name",
        {"tables": names},
    )
    try:
        with translated(url):
            defaults = client.execute("SELECT name, value FROM system.merge_tree_settings")
    except ClickHouseRefused:
        defaults = []  # a user may lack that right, and our tables say it themselves
    if engines:
        yield judge_durability(dict(engines), dict(defaults))


def _schema(client: Client, url: str) -> Check:
    try:
        with translated(url):
            return judge_schema([migration.name for migration in pending(client)])
    except SchemaMismatch as error:
        return fail("schema", str(error), "see what it says")
    except ClickHouseRefused as error:
        return fail("schema", str(error), _MIGRATE)


def _inserts(client: Client, url: str) -> Check:
    """Insert no clicks at all, which needs the same rights as some, and a row of our own.

    That one is always the same, and goes the whole way to the disk: what keeps clicks from there
    keeps it, too.
    """
    try:
        with translated(url):
            client.execute("INSERT INTO clicks (click_id) VALUES", [])
            client.execute("INSERT INTO ledger (click_id) VALUES", [])
            client.execute(_ENTER, _PROBE, settings=insert_settings(client, 1))
    except ClickHouseError as error:
        return fail("clickhouse inserts", str(error), _mend(error, "SELECT, INSERT", url))
    return ok("clickhouse inserts", "allowed, and on disk")


def _reports(client: Client, url: str) -> Check:
    try:
        with translated(url):
            for table in _TABLES:
                client.execute("SELECT * FROM {table:Identifier} FINAL LIMIT 0", {"table": table})
    except ClickHouseError as error:
        return fail("clickhouse reports", str(error), _mend(error, "SELECT", url))
    return ok("clickhouse reports", "allowed")


def _mend(error: ClickHouseError, rights: str, url: str) -> str:
    if error.code == _ACCESS_DENIED:
        return f"GRANT {rights} ON {database_name(url)}.* to the user of the URL"
    return advice(error)


def _has_database(client: Client, name: str) -> bool:
    query = "SELECT count() FROM system.databases WHERE name = {name:String}"
    return bool(client.execute(query, {"name": name})[0][0])


def _time(client: Client) -> float:
    return float(client.execute("SELECT toUnixTimestamp64Milli(now64(3))")[0][0]) / 1000
