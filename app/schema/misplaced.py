"""Clicks that are on another shard than they belong to, and their way home.

When shards are added, clicks of the time from which on all shards get them may be there already: of
a clock that runs ahead, or since a host was told too late. Where one is, a copy of it that comes
later would be on another shard, and count a second time.

Rule 1: a click is deleted only after it was seen where it belongs, and by its id, so that nothing
        that comes meanwhile is deleted with it. For a moment it is on two shards.
Rule 2: in pieces, and each piece can be done again: a move that was interrupted goes on.
Rule 3: the ledger is brought last, and deleted first: a click that is in the ledger alone would be
        missing.
Rule 4: the days of a piece are marked before it is deleted, as changed some minutes from now: a
        deletion marks nothing, and who is killed behind it can't. Sums that are made while a click
        is on two shards don't count then, whoever makes them.
"""

import logging
import time
from collections.abc import Collection

from app.schema.layout import Layout
from app.schema.membership import TableServer
from app.schema.replication import engine_of
from app.stores.clickhouse.connection import ClickHouseUnavailable, translated
from app.stores.clickhouse.replicas import catch_up
from app.stores.clickhouse.shards import SHARDED, local

logger = logging.getLogger(__name__)

#: How far back misplaced clicks are looked for when nothing speaks for any.
LATE_SECONDS = 3_600.0
#: Ids in the text of one query: a server reads 256 KiB of it (`max_query_size`).
_PIECE = 5_000
#: Longest wait until the replicas of another shard show what one of them has confirmed.
_SEEN_SECONDS = 30.0
_POLL_SECONDS = 0.2
#: Longest that the deletion of a piece takes, after the death of who asked for it, too.
_DELETED_SECONDS = 600

#: Without tokens: one token of an insert of several blocks would let only the first of them in.
_COPY = {
    "distributed_foreground_insert": 1,
    "async_insert": 0,
    "insert_deduplicate": 0,
    "deduplicate_insert": "disable",
    "max_partitions_per_insert_block": 0,
}
_MARK = """
INSERT INTO click_marks (day, marked_at)
SELECT DISTINCT toDate(time), now() + toIntervalSecond({seconds})
FROM {table} WHERE {where} AND time < now('UTC')
"""


def count_misplaced(server: TableServer, layout: Layout, since_ms: int) -> int:
    """Return how many clicks on a server's shard belong to another, of those since a Unix time.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
    """
    where = _elsewhere(server, layout, since_ms)
    query = f"SELECT uniqExact(click_id) FROM {local('clicks')} WHERE {where}"  # noqa: S608 - own text
    return int(server.run(query)[0][0])


def bring_home(server: TableServer, layout: Layout) -> int:
    """Move the clicks on a server's shard that belong to others; return how many there were.

    Args:
        layout: looked at from its last change on.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the servers say; doing it again goes on.
    """
    moved = 0
    has_marks = bool(engine_of(server, "click_marks"))
    while ids := _misplaced(server, layout):
        literals = ", ".join(f"unhex('{one}')" for one in ids)
        where = f"{_elsewhere(server, layout, layout.since_ms)} AND click_id IN ({literals})"
        for table in SHARDED:
            server.run(f"INSERT INTO {table} SELECT * FROM {local(table)} WHERE {where}", **_COPY)  # noqa: S608 - own text
            _wait_until_seen(server, table, where)
        if has_marks:
            marked = {"table": local("clicks"), "where": where, "seconds": _DELETED_SECONDS}
            server.run(_MARK.format(**marked))
        for table in reversed(SHARDED):
            server.run(f"ALTER TABLE {local(table)} DELETE WHERE {where}", mutations_sync=2)
        moved += len(ids)
    if moved:
        logger.info("%d clicks of %s were brought to their shards", moved, server.place)
    return moved


def _misplaced(server: TableServer, layout: Layout) -> Collection[str]:
    """Return the ids, in hexadecimal, of some clicks that are in either table."""
    where = _elsewhere(server, layout, layout.since_ms)
    found: set[str] = set()
    for table in SHARDED:
        with translated(server.url):
            catch_up(server.client, local(table))
        query = f"SELECT DISTINCT hex(click_id) FROM {local(table)} WHERE {where} LIMIT {_PIECE}"  # noqa: S608 - own text
        found.update(one for (one,) in server.run(query))
    return sorted(found)[:_PIECE]


def _elsewhere(server: TableServer, layout: Layout, since_ms: int) -> str:
    number = server.shard - 1
    bound = f"time >= fromUnixTimestamp64Milli({max(since_ms, layout.since_ms)}, 'UTC')"
    return f"{bound} AND {layout.expression} != {number}"


def _wait_until_seen(server: TableServer, table: str, where: str) -> None:
    """Wait until every row that a condition holds for on a shard is on another one as well."""
    at_home = f"SELECT time, click_id FROM {table} WHERE {where} AND _shard_num != {server.shard}"  # noqa: S608 - own text
    query = f"SELECT count() FROM {local(table)} WHERE {where} AND (time, click_id) GLOBAL NOT IN ({at_home})"  # noqa: E501, S608 - own text
    give_up_at = time.monotonic() + _SEEN_SECONDS
    while left := server.run(query)[0][0]:
        if time.monotonic() > give_up_at:
            raise ClickHouseUnavailable(
                f"{left} rows of {table} at {server.place} are not seen yet on the shards that they"
                " were brought to: nothing is deleted; run `hopline migrate` again"
            )
        time.sleep(_POLL_SECONDS)
