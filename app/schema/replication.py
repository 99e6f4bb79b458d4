"""Conversion that has a cluster's replicas all hold the same tables: plain ones, and missing ones.

A table of a single server becomes the first replica in its place, its files as they are; in the
moment between it is missing or read-only, and consumers wait. Another replica gets the table that
the others have, and then its rows from them.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.schema.engines import NAME_EVERYWHERE, START_ANYHOW, TOKENS, WRONG_PARTS
from app.schema.membership import TableServer
from app.schema.mismatch import SchemaMismatch
from app.schema.servers import Servers
from app.stores.clickhouse.codes import TABLE_IS_READ_ONLY
from app.stores.clickhouse.connection import ClickHouseError, ClickHouseUnavailable, translated
from app.stores.clickhouse.replicas import catch_up

logger = logging.getLogger(__name__)

_HELD = """
SELECT name FROM system.tables WHERE database = currentDatabase()
UNION DISTINCT SELECT table FROM system.detached_tables WHERE database = currentDatabase()
"""
_STATE = """
SELECT engine, engine_full, create_table_query FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
UNION ALL SELECT 'Detached', '', '' FROM system.detached_tables
WHERE database = currentDatabase() AND table = {table:String}
"""
_REPLICA = """
SELECT zookeeper_path, is_readonly AND total_replicas = 0 AND NOT is_session_expired
FROM system.replicas WHERE database = currentDatabase() AND table = {table:String}
"""
_REPLICATED = "Replicated"
_PATH_WITH_UUID = re.compile(r"(ENGINE = Replicated\w+\()'[^']*\{uuid\}[^']*'")
_PATH_AND_NAME = re.compile(r"(ENGINE = Replicated\w+\()'[^']*', '[^']*'")


class _State(NamedTuple):
    """What a server has under a table's name; nothing by default."""

    engine: str = ""
    engine_full: str = ""
    query: str = ""

    @property
    def is_there(self) -> bool:
        return self.engine not in ("", "Detached")

    @property
    def is_replica(self) -> bool:
        return self.engine.startswith(_REPLICATED)

    @property
    def is_plain(self) -> bool:
        """Whether it is not replicated, or was left detached by a conversion that died."""
        others = (_REPLICATED, "Shared", "Distributed")
        return bool(self.engine) and not self.engine.startswith(others)


def held_tables(servers: Iterable[TableServer]) -> set[str]:
    """Return the names of the tables that any server holds, be they detached."""
    return {name for one in servers for (name,) in one.run(_HELD)}


def make_alike(servers: Servers, hosts: Sequence[TableServer], table: str) -> None:
    """Have every host hold a table that any of them holds, as a replica.

    Args:
        hosts: of one shard, or of all, where each of several shards has all rows.

    Raises:
        SchemaMismatch: two servers have rows of their own.
        ClickHouseUnavailable, ClickHouseRefused: as the servers say.
    """
    states = [(one, _state_of(one, table)) for one in hosts]
    plain = [one for one, state in states if state.is_plain]
    holders = [one for one, state in states if state.is_replica]
    if plain and (holders or len(plain) > 1):
        raise SchemaMismatch(
            f"{table} of {plain[0].place} is no replica of that of"
            f" {(holders or plain[1:])[0].place}: where it is empty, DROP TABLE {table} SYNC"
            " there; else keep its rows with `hopline backup` first, and bring them back after"
        )
    if plain:
        servers.require_all()
        _convert(plain[0], table)
        holders = plain
    for one in holders:
        _finish(one, table)
    for one, before in states:
        if holders and not before.is_there and one not in holders:
            _join(one, holders[0], table)
        _keep_settings(one, table, before if before.is_replica else _state_of(one, table))


def have_caught_up(servers: Iterable[TableServer], table: str) -> None:
    """Have servers know what the others wrote into a table, if they are replicas."""
    for one in servers:
        with translated(one.url):
            catch_up(one.client, table)


def is_replica(server: TableServer, table: str) -> bool:
    """Tell whether a table is one server's or replica's, be it detached by a conversion."""
    state = _state_of(server, table)
    return state.is_replica or state.is_plain


def engine_of(server: TableServer, table: str) -> str:
    """Return the name of a table's engine, '' where there is none."""
    state = _state_of(server, table)
    return state.engine if state.is_there else ""


def _state_of(server: TableServer, table: str) -> _State:
    states = [_State(*row) for row in server.run(_STATE, {"table": table})]
    return next((state for state in states if state.is_there), states[0] if states else _State())


def _convert(server: TableServer, table: str) -> None:
    """Make a plain table a replica; if that fails, it is as it was."""
    if engine_of(server, table):
        server.run(f"DETACH TABLE {table}")
    try:
        server.run(f"ATTACH TABLE {table} AS REPLICATED")
        server.run(f"SYSTEM RESTORE REPLICA {table}")
    except ClickHouseError:
        if engine_of(server, table):
            server.run(f"DETACH TABLE {table}")
            server.run(f"ATTACH TABLE {table} AS NOT REPLICATED")
        else:
            server.run(f"ATTACH TABLE {table}")
        raise
    logger.info("%s of %s is a replica now", table, server.place)


def _finish(server: TableServer, table: str) -> None:
    """Write into Keeper what it lacks of a table whose conversion died, or what it has lost."""
    ((_, has_nothing_in_keeper),) = server.run(_REPLICA, {"table": table})
    if has_nothing_in_keeper:
        server.run(f"SYSTEM RESTORE REPLICA {table}")


def _join(server: TableServer, other: TableServer, table: str) -> None:
    """Make the table that another replica has."""
    query = _state_of(other, table).query
    ((path, _),) = other.run(_REPLICA, {"table": table})
    if server.shard == other.shard:
        query = _PATH_WITH_UUID.sub(rf"\1'{path}'", query)
    else:
        query = _PATH_AND_NAME.sub(rf"\1'{path}', {NAME_EVERYWHERE}", query)
    server.run(query.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))
    logger.info("%s of %s is a replica now, and gets its rows from the others", table, server.place)


def _keep_settings(server: TableServer, table: str, state: _State) -> None:
    """Have Keeper remember tokens for longer, and the table start after a crash.

    The settings of a table are each replica's own; who has set the latter keeps it.
    """
    if not state.is_there:
        return
    if TOKENS not in state.engine_full:
        server.run(f"ALTER TABLE {table} MODIFY SETTING {TOKENS}")
    if WRONG_PARTS in state.engine_full:
        return
    try:
        server.run(f"ALTER TABLE {table} MODIFY SETTING {START_ANYHOW}")
    except ClickHouseUnavailable as error:
        if error.code != TABLE_IS_READ_ONLY:
            raise
        # It may be what this setting is against, and is no reason to migrate nothing else.
        logger.warning("%s; run `hopline migrate` again once %s is not", error, table)
