"""Deletion of a table's rows at each of its replicas, and the wait until each has done it.

Rule: who is told of a deletion returns before it lists it, and other replicas hear of it later; so
      each carries a mark in its text, and where that isn't found, it isn't done.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence

from app.erasure.stall import StallDetector, Work
from app.stores.clickhouse.connection import translated
from app.stores.clickhouse.driver import Client

_POLL_SECONDS = 0.2
_SETTINGS = {"log_queries": 0, "allow_nondeterministic_mutations": 1, "mutations_sync": 0}
_UNDONE = """
SELECT toUInt8(countIf(is_done) = 0), sum(parts_to_do),
    anyIf(latest_fail_reason, latest_fail_reason != '' AND NOT is_done)
FROM system.mutations
WHERE database = currentDatabase() AND table = {table:String}
    AND position(command, {mark:String}) > 0
"""

#: Is told how many parts still have to be rewritten or removed.
Watch = Callable[[int], object]


def delete_rows(
    replicas: Sequence[Client],
    url: str,
    table: str,
    condition: str,
    params: Mapping[str, object],
    watch: Watch,
) -> None:
    """Delete the rows of a table that a condition holds for.

    Args:
        replicas: all that have the table, of which the first is told.
        url: of one of them, for errors.
        condition: stays on the servers' disks, with the values of its parameters.

    Raises:
        ClickHouseUnavailable: one of them doesn't answer, or gets no further; it may go on.
        ClickHouseRefused: one of them can't.
    """
    mark = secrets.token_hex(16)
    statement = f"ALTER TABLE {table} DELETE WHERE ({condition}) AND {{mark:String}} != ''"
    with translated(url):
        replicas[0].execute(statement, {**params, "mark": mark}, settings=_SETTINGS)
    for one in replicas:
        _wait(one, url, {"table": table, "mark": mark}, watch)


def _wait(replica: Client, url: str, deletion: Mapping[str, object], watch: Watch) -> None:
    detector = StallDetector(replica.connection.reached or "this host")
    settings = {"log_queries": 0, "strings_as_bytes": True}
    while True:
        with translated(url):
            rows = replica.execute(_UNDONE, deletion, settings=settings)
        ((waiting, parts, failure),) = rows
        watch(int(parts))
        if not waiting:
            return
        detector.look_at(Work(int(waiting), int(parts), failure.decode(errors="replace")))
        time.sleep(_POLL_SECONDS)
