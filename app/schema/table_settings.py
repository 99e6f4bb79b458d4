"""Settings of tables that Hopline wants, where nobody else has set them."""

from collections.abc import Mapping

from app.schema.membership import TableServer
from app.schema.servers import Servers

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
