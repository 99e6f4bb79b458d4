"""Whether ClickHouse can take clicks and answer reports: version, schema, rights, clock."""

import re
from collections.abc import Iterator, Mapping, Sequence

from clickhouse_driver import Client

from app.clickhouse import (
    FIRST_DATABASE,
    ClickHouseRefused,
    connect,
    database_name,
    require_version,
    translated,
)
from app.health.check import Check, fail, ok
from app.health.clock import judge_skew, measure_skew
from app.schema.migrations import SchemaMismatch, pending

_MIGRATE = "run `hopline migrate`"
#: Without these a confirmed insert, or what a merge made of it, is lost when the power goes.
_ON_DISK = ("fsync_after_insert", "fsync_part_directory", "min_rows_to_fsync_after_merge")
_TABLES = ("clicks", "ledger")


def clickhouse_checks(url: str, *, timeout_seconds: float) -> Iterator[Check]:
    """Yield the findings about a server and our database on it.

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
            yield _schema(client, url)
            yield from _durability(client, url)
            yield _insert_rights(client, url)


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
        for table in _TABLES
        for setting in _ON_DISK
        if table in engines and _setting(engines[table], setting, defaults) in ("0", "false")
    ]
    if lacking:
        mend = "; ".join(
            f"ALTER TABLE {table} MODIFY SETTING {', '.join(f'{one} = 1' for one in _ON_DISK)}"
            for table in _TABLES
            if any(one.startswith(table) for one in lacking)
        )
        return fail(name, f"confirmed inserts are not synced: {', '.join(lacking)}", mend)
    return ok(name, "confirmed inserts are on disk")


def _setting(engine: str, setting: str, defaults: Mapping[str, str]) -> str:
    found = re.search(rf"\b{setting} = (\w+)", engine)
    return found[1] if found else defaults.get(setting, "0")


def _durability(client: Client, url: str) -> Iterator[Check]:
    """Yield what the settings of the tables say, where there are tables."""
    engines = client.execute(
        "SELECT name, engine_full FROM system.tables"
        " WHERE database = currentDatabase() AND name IN {tables:Array(String)}",
        {"tables": list(_TABLES)},
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


def _insert_rights(client: Client, url: str) -> Check:
    """Insert no rows at all, which needs the same rights as inserting some."""
    try:
        with translated(url):
            client.execute("INSERT INTO clicks (click_id) VALUES", [])
    except ClickHouseRefused as error:
        grant = f"GRANT SELECT, INSERT ON {database_name(url)}.* to the user of the URL"
        return fail("clickhouse inserts", str(error), grant)
    return ok("clickhouse inserts", "allowed")


def _has_database(client: Client, name: str) -> bool:
    query = "SELECT count() FROM system.databases WHERE name = {name:String}"
    return bool(client.execute(query, {"name": name})[0][0])


def _time(client: Client) -> float:
    return float(client.execute("SELECT toUnixTimestamp64Milli(now64(3))")[0][0]) / 1000
