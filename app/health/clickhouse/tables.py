"""Checks that compare ClickHouse's tables with the migrations: engine, columns, lifetime."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from clickhouse_driver import Client

from app.health.check import Check, fail, ok, warn
from app.schema.migrations import LEDGER_DAYS, tables, ttl_of

_TABLES = """
SELECT name, engine, engine_full FROM system.tables WHERE database = currentDatabase()
"""
_COLUMNS = """
SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}
"""
_ENGINE = "ReplacingMergeTree"
_MEND = (
    "put back what was changed; a table that was detached or renamed comes back with ATTACH TABLE"
    " or RENAME TABLE, one that was dropped with a backup"
)


class Table(NamedTuple):
    """A table as it is.

    Attributes:
        engine: its name, and with all settings.
        columns: their types by name.
    """

    engine: str
    engine_full: str
    columns: Mapping[str, str]


def table_checks(client: Client, ttl_days: int) -> Iterator[Check]:
    """Yield the findings about our tables.

    Args:
        ttl_days: HOPLINE_CLICK_TTL_DAYS.
    """
    wanted = tables()
    found = {
        name: Table(engine, full, dict(client.execute(_COLUMNS, {"table": name})))
        for name, engine, full in client.execute(_TABLES)
        if name in wanted
    }
    yield judge_tables(wanted, found)
    if "clicks" in found and "ledger" in found:
        yield judge_lifetimes(found, ttl_days)


def judge_tables(wanted: Mapping[str, Mapping[str, str]], found: Mapping[str, Table]) -> Check:
    """Judge engines and columns; columns that somebody added do no harm."""
    wrong = [
        fault
        for name, columns in wanted.items()
        for fault in (_faults(name, columns, found[name]) if name in found else (f"no {name}",))
    ]
    if wrong:
        return fail("tables", ", ".join(wrong), _MEND)
    return ok("tables", "as the migrations made them")


def _faults(name: str, wanted: Mapping[str, str], table: Table) -> Sequence[str]:
    engine = [] if table.engine.endswith(_ENGINE) else [f"{name} is {table.engine}, no {_ENGINE}"]
    columns = [
        f"{name} has no {column}"
        if column not in table.columns
        else f"{name}.{column} is {table.columns[column]}, not {kind}"
        for column, kind in wanted.items()
        if table.columns.get(column) != kind
    ]
    return engine + columns


def judge_lifetimes(found: Mapping[str, Table], ttl_days: int) -> Check:
    """Judge for how long ClickHouse keeps clicks, and what it needs to miss one."""
    wrong = [
        f"{name} {_lifetime(found[name].engine_full)} instead of {_days(days)}"
        for name, days in (("clicks", ttl_days), ("ledger", LEDGER_DAYS))
        if _lifetime(found[name].engine_full) != _days(days)
    ]
    if wrong:
        mend = "`hopline migrate` sets that of clicks; see who changed the tables"
        return warn("lifetimes", f"kept by ClickHouse: {', '.join(wrong)}", mend)
    return ok("lifetimes", f"clicks are kept {_days(ttl_days)}")


def _lifetime(engine_full: str) -> str:
    is_foreign = " TTL " in engine_full and not ttl_of(engine_full)
    return "by a rule of somebody's own" if is_foreign else _days(ttl_of(engine_full))


def _days(days: int) -> str:
    return f"for {days} days" if days else "for ever"
