"""Checks that ask each of several ClickHouse hosts: is it there, and has it the others' clicks."""

import re
from collections.abc import Iterator, Mapping

from app.health.check import Check, fail, ok, warn
from app.stores.clickhouse.connection import (
    FIRST_DATABASE,
    ClickHouseError,
    connect,
    database_name,
    translated,
)
from app.stores.clickhouse.hosts import at_place, places

_NAME = "clickhouse hosts"
#: Engines of which every host answers the same.
_SHARED = re.compile(r"Replicated|Shared|Distributed")
_ENGINES = """
SELECT name, engine FROM system.tables
WHERE database = {database:String} AND name IN ('clicks', 'ledger', 'beginnings', 'migrations')
ORDER BY name
"""


def hosts_checks(url: str, timeout_seconds: float) -> Iterator[Check]:
    """Yield the finding about the hosts of a URL, where it names several."""
    named = places(url)
    if len(named) == 1:
        return
    away: dict[str, str] = {}
    engines: dict[str, Mapping[str, str]] = {}
    for place in named:
        one = at_place(url, place)
        try:
            with (
                translated(one),
                connect(one, timeout_seconds=timeout_seconds, database=FIRST_DATABASE) as client,
            ):
                rows = client.execute(_ENGINES, {"database": database_name(url)})
                engines[place] = dict(rows)
        except ClickHouseError as error:
            away[place] = str(error)
    yield judge_hosts(engines, away)


def judge_hosts(engines: Mapping[str, Mapping[str, str]], away: Mapping[str, str]) -> Check:
    """Judge whether it does not matter which host is reached.

    Args:
        engines: the engines of our tables by their names, by host.
        away: what hosts that don't answer say, by host.
    """
    apart = [
        f"{table} of {place} is a {engine}"
        for place, tables in engines.items()
        for table, engine in tables.items()
        if not _SHARED.match(engine)
    ]
    if apart:
        mend = "set HOPLINE_CLICKHOUSE_CLUSTER and run `hopline migrate`, or name one host"
        return fail(_NAME, f"what is written to one host is not at the others: {apart[0]}", mend)
    if away:
        text = f"{len(away)} of {len(engines) + len(away)} are away: {'; '.join(away.values())}"
        return warn(_NAME, text, "mend it before another one fails")
    return ok(_NAME, f"all {len(engines)} answer")
