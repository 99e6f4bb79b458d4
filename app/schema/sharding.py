"""Conversion that parts clicks and their ledger between the shards of a cluster.

The tables of one shard become that shard's own rows under other names, and Distributed tables take
their names: clicks stay where they are, and consumers and reports miss a table for a moment. Only
when every host has those tables are they told to part clicks between more shards, from a moment to
come on. Whatever is interrupted, the next migration goes on with it.
"""

import logging
import re
import time
from collections.abc import Sequence

from app.schema.engines import OF_A_SHARD
from app.schema.layout import Layout, distributed
from app.schema.membership import TableServer, macros_of
from app.schema.mismatch import SchemaMismatch
from app.schema.misplaced import LATE_SECONDS, bring_home, count_misplaced
from app.schema.replication import engine_of, is_replica, make_alike
from app.schema.servers import Servers
from app.schema.sums import mark_all
from app.stores.clickhouse.shards import SHARDED, local

logger = logging.getLogger(__name__)

#: How far ahead the moment is from which on added shards get clicks: until then every host has to
#: know, and redirects' clocks may differ by a part of it.
AHEAD_SECONDS = 300.0

_COMMENT = """
SELECT comment, engine_full FROM system.tables
WHERE database = currentDatabase() AND name = {table:String} AND engine = 'Distributed'
"""
_QUERY = """
SELECT create_table_query FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
"""
_PATH_AND_NAME = re.compile(r"(ENGINE = Replicated\w+\()'[^']*', '[^']*'")
_CREATED = re.compile(r"^CREATE TABLE \S+ ")


def layout_of(server: TableServer, table: str) -> Layout | None:
    """Return what a server's table parts clicks by; None where it doesn't.

    Raises:
        SchemaMismatch: somebody else has made it.
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
    """
    rows = server.run(_COMMENT, {"table": table})
    if not rows:
        return None
    try:
        return Layout.from_text(rows[0][0])
    except ValueError:
        raise SchemaMismatch(
            f"{table} of {server.place} is a Distributed table that Hopline hasn't made: give it"
            " another name (RENAME TABLE), and run `hopline migrate`"
        ) from None


def find_layout(servers: Servers) -> Layout | None:
    """Return what clicks are to be parted by, as far as that was ever told to a host.

    Returns:
        None where one shard has all.

    Raises:
        SchemaMismatch: the cluster doesn't fit it any more, or never did.
        ClickHouseUnavailable: a host is away that has to be asked.
        ClickHouseRefused: as a server says.
    """
    told = [layout_of(one, table) for one in servers.all for table in SHARDED]
    found = [layout for layout in told if layout]
    if servers.shards == 1 and not found:
        return None
    old = [one for one in servers.all if any(is_replica(one, table) for table in SHARDED)]
    names = _names(servers)
    if not found:
        # Of one shard until each host has the tables, if there are clicks.
        return Layout(names[:1] if old else names)
    known = max(found, key=lambda layout: (len(layout.shards), layout.before))
    if known.shards != names[: len(known.shards)]:
        raise SchemaMismatch(
            f"the cluster {servers.cluster} has the shards {', '.join(names)}, by their macros, and"
            f" clicks are on {', '.join(known.shards)}: have those first in <remote_servers>, and"
            " in this order"
        )
    return known


#: First moment of the days that were marked in a week, 0 for none.
_MARKED = """
SELECT toUnixTimestamp(toDateTime(min(day), 'UTC')) FROM click_marks
WHERE marked_at > now() - toIntervalDay(7)
"""


def spread(servers: Servers, layout: Layout) -> None:
    """Have every host part clicks by a layout, and then between the shards that it lacks.

    Raises:
        SchemaMismatch: another shard than the first has clicks of its own.
        ClickHouseUnavailable, ClickHouseRefused: as the servers say.
    """
    has_changed = [_spread_table(servers, table, layout) for table in SHARDED]
    names = _names(servers)
    if layout.shards != names and any(engine_of(servers.first, local(one)) for one in SHARDED):
        servers.require_all()
        layout = layout.grown(names, int((time.time() + AHEAD_SECONDS) * 1000))
        has_changed = [_cover(servers, table, layout) for table in SHARDED]
        logger.info("clicks from %d ms on are parted between %s", layout.since_ms, ", ".join(names))
    servers.layout = layout
    if (any(has_changed) and layout.before) or _are_misplaced(servers, layout):
        servers.require_all()
        moved = [bring_home(one, layout) for one, *_ in servers.by_shard]
        if any(moved) and engine_of(servers.first, "click_marks"):
            # A deletion marks nothing, and for a moment the clicks were on two shards.
            mark_all(servers.first)


def _are_misplaced(servers: Servers, layout: Layout) -> bool:
    """Tell whether clicks of late are where they don't belong, as doctor may have said.

    Or of days that were marked lately, as a move does that was killed.
    """
    since_ms = int((time.time() - LATE_SECONDS) * 1000)
    if engine_of(servers.first, "click_marks"):
        marked_ms = int(servers.first.run(_MARKED)[0][0]) * 1000
        since_ms = min(since_ms, marked_ms or since_ms)
    return any(
        count_misplaced(one, layout, since_ms)
        for one, *_ in servers.by_shard
        if engine_of(one, local("clicks"))
    )


def _names(servers: Servers) -> tuple[str, ...]:
    """Return the macros of the shards, in the order of the cluster."""
    found = {one.shard: macros_of(one).shard for one in servers.all}
    if len(found) < servers.shards:
        servers.require_all()
    return tuple(found[number] for number in sorted(found))


def _spread_table(servers: Servers, table: str, layout: Layout) -> bool:
    """Have every host hold a shard's own rows, and all under the table's name; tell of changes."""
    old = [one for one in servers.all if is_replica(one, table)]
    if old:
        servers.require_all()
        _require_first(old, table)
        old = [one for one in servers.by_shard[0] if not engine_of(one, local(table))]
        make_alike(servers, old, table)
    holders = old or [one for one in servers.all if engine_of(one, local(table))]
    if not holders:
        return False
    for shard in servers.by_shard:
        hosts = [one for one in shard if one not in old]
        if hosts and not any(engine_of(one, local(table)) for one in hosts):
            servers.require_all()
            _begin(hosts[0], holders[0], table, is_renamed=not old)
        make_alike(servers, hosts, local(table))
    for one in old:
        _drop_next(one, table)
        one.run(distributed(_next(table), table, table, servers.cluster, layout))
        one.run(f"RENAME TABLE {table} TO {local(table)}, {_next(table)} TO {table}")
        logger.info("%s of %s is that of a shard now", table, one.place)
    return _cover(servers, table, layout) or bool(old)


def _require_first(old: Sequence[TableServer], table: str) -> None:
    """Refuse clicks of their own on other shards: a layout begins with the first one's."""
    if elsewhere := [one for one in old if one.shard != 1]:
        raise SchemaMismatch(
            f"{table} of {elsewhere[0].place} has rows of its own, and that is shard"
            f" {elsewhere[0].shard}: have the shard that has clicks first in <remote_servers>; of"
            " two, empty one after `hopline backup`, and bring its rows back with `hopline restore`"
        )


def _begin(server: TableServer, model: TableServer, table: str, *, is_renamed: bool) -> None:
    """Make the empty table of a shard that has none, with the columns of another shard's."""
    name = local(table) if is_renamed else table
    ((query,),) = model.run(_QUERY, {"table": name})
    query = _CREATED.sub(f"CREATE TABLE IF NOT EXISTS {local(table)} ", query)
    server.run(_PATH_AND_NAME.sub(rf"\1{OF_A_SHARD}", query))


def _cover(servers: Servers, table: str, layout: Layout) -> bool:
    """Have each host part the rows of a table by a layout; tell whether any has changed."""
    of_cluster = f"Distributed('{servers.cluster}', "
    changed = [
        one
        for one in servers.all
        if layout_of(one, table) != layout
        or not one.run(_COMMENT, {"table": table})[0][1].startswith(of_cluster)
    ]
    for one in changed:
        if not engine_of(one, table):
            one.run(distributed(table, table, local(table), servers.cluster, layout))
            continue
        _drop_next(one, table)
        one.run(distributed(_next(table), table, local(table), servers.cluster, layout))
        one.run(f"EXCHANGE TABLES {table} AND {_next(table)}")
        _drop_next(one, table)
    return bool(changed)


def _drop_next(server: TableServer, table: str) -> None:
    """Drop a Distributed table that is none any more, once it has handed on what it holds."""
    if engine_of(server, _next(table)):
        # Hopline's inserts leave nothing there; somebody else's may.
        server.run(f"SYSTEM FLUSH DISTRIBUTED {_next(table)}")
        server.run(f"DROP TABLE {_next(table)} SYNC")


def _next(table: str) -> str:
    return f"{table}_next"
