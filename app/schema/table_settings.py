"""Settings of tables that Hopline wants, where nobody else has set them."""

from collections.abc import Mapping

from app.schema.membership import TableServer
from app.schema.servers import Servers

#: In a table at rest a server looks for files of old parts ever less often, at last each five
#: minutes, and so long would they outlive an erasure.
_CLEANUP_SECONDS = 30
_LONGEST = "max_cleanup_delay_period"
_SHORTEST = "cleanup_delay_period"
_DELAYS = """
SELECT name, toUInt64(value) FROM system.{defaults:Identifier} WHERE name IN {names:Array(String)}
"""
_QUERY = """
SELECT create_table_query FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
"""


def create_query(server: TableServer, table: str) -> str:
    """Return the statement that would make a table as it is."""
    return str(server.run(_QUERY, {"table": table})[0][0])


def keep_settings(servers: Servers, table: str, wanted: Mapping[str, str | int]) -> None:
    """Give a table the settings that it lacks; a value that somebody has set stays.

    Settings are each replica's own, so each is asked.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the servers say.
    """
    for one in servers.all:
        query = create_query(one, table)
        lacking = [f"{name} = {value!r}" for name, value in wanted.items() if name not in query]
        if lacking:
            one.run(f"ALTER TABLE {table} MODIFY SETTING {', '.join(lacking)}")


def hasten_cleanup(servers: Servers) -> None:
    """Have files of old parts of clicks and ledger removed within a minute, on each replica.

    Where somebody has set how often a server looks for them, in its configuration or for the table,
    it stays so.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the servers say.
    """
    defaults = "replicated_merge_tree_settings" if servers.cluster else "merge_tree_settings"
    for one in servers.all:
        params = {"defaults": defaults, "names": [_SHORTEST, _LONGEST]}
        delays = dict(one.run(_DELAYS, params))
        # A server takes no longest delay that is below the shortest.
        if not delays[_SHORTEST] <= _CLEANUP_SECONDS < delays[_LONGEST]:
            continue
        for table in map(servers.own, ("clicks", "ledger")):
            if _SHORTEST not in create_query(one, table):
                one.run(f"ALTER TABLE {table} MODIFY SETTING {_LONGEST} = {_CLEANUP_SECONDS}")
