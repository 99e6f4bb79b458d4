"""Checks that compare ClickHouse's tables with the migrations: engine, columns, lifetime."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from app.health.check import Check, fail, ok, warn
from app.schema.lifetime import LEDGER_DAYS, Lifetime, lifetime_of
from app.schema.migrations import tables
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import SHARDED, local

_TABLES = """
SELECT name, engine, engine_full FROM system.tables WHERE database = currentDatabase()
"""
_COLUMNS = """
SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}
"""
_ENGINE = "ReplacingMergeTree"
_DISTRIBUTED = "Distributed"
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


def table_checks(
    client: Client, wanted_lifetime: Lifetime, own: Callable[[str], str] = str
) -> Iterator[Check]:
    """Yield the findings about our tables.

    Args:
        wanted_lifetime: of clicks, as it is set.
        own: names the table of a server's own rows of those that shards part between them.
    """
    made = tables()
    wanted = made | {own(name): made[name] for name in SHARDED}
    found = {
        name: Table(engine, full, dict(client.execute(_COLUMNS, {"table": name})))
        for name, engine, full in client.execute(_TABLES)
        if name in wanted
    }
    yield judge_tables(wanted, found)
    if all(own(name) in found for name in SHARDED):
        yield judge_lifetimes({name: found[own(name)] for name in SHARDED}, wanted_lifetime)


def judge_tables(wanted: Mapping[str, Mapping[str, str]], found: Mapping[str, Table]) -> Check:
    """Judge engines and columns; columns that somebody added do no harm."""
    wrong = [
        fault
        for name, columns in wanted.items()
        for fault in (
            _faults(name, columns, found[name], _DISTRIBUTED if local(name) in wanted else _ENGINE)
            if name in found
            else (f"no {name}",)
        )
    ]
    if wrong:
        return fail("tables", ", ".join(wrong), _MEND)
    return ok("tables", "as the migrations made them")


def _faults(name: str, wanted: Mapping[str, str], table: Table, engine: str) -> Sequence[str]:
    wrong = [] if table.engine.endswith(engine) else [f"{name} is {table.engine}, no {engine}"]
    columns = [
        f"{name} has no {column}"
        if column not in table.columns
        else f"{name}.{column} is {table.columns[column]}, not {kind}"
        for column, kind in wanted.items()
        if table.columns.get(column) != kind
    ]
    return wrong + columns


def judge_lifetimes(found: Mapping[str, Table], wanted: Lifetime) -> Check:
    """Judge for how long ClickHouse keeps clicks, and what it needs to miss one."""
    wrong = [
        f"{name} {said} instead of {lifetime}"
        for name, lifetime in (("clicks", wanted), ("ledger", Lifetime(LEDGER_DAYS)))
        if (said := _lifetime(found[name].engine_full)) != str(lifetime)
    ]
    if wrong:
        mend = "`hopline migrate` sets that of clicks; see who changed the tables"
        return warn("lifetimes", f"kept by ClickHouse: {', '.join(wrong)}", mend)
    return ok("lifetimes", f"clicks are kept {wanted}")


def _lifetime(engine_full: str) -> str:
    said = lifetime_of(engine_full)
    is_foreign = " TTL " in engine_full and not any(said)
    return "by a rule of somebody's own" if is_foreign else str(said)
