"""Columns that clicks got after their table was made.

They are no numbered migration: a version that knows nothing of them reads and writes the table as
before, so that the way back stays open. What it writes has their defaults, which a replay replaces.
"""

import logging
import re

from app.schema.membership import TableServer
from app.schema.servers import Servers
from app.stores.scripts import query

logger = logging.getLogger(__name__)

_ADDED = re.compile(r"^ +ADD COLUMN IF NOT EXISTS (\w+) +(\w+(?:\([^)]*\))?)", re.MULTILINE)
_NAMES = """
SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String}
"""


def added_columns() -> dict[str, str]:
    """Return the types of the columns by their names."""
    return dict(_ADDED.findall(_statement()))


def keep_columns(servers: Servers) -> None:
    """Give the clicks of each server the columns that they lack.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the servers say; also when some are lacking
            while a host is away.
    """
    wanted = added_columns().keys()
    tables = {"clicks", servers.own("clicks")}
    if all(wanted <= _names(one, table) for one in servers.all for table in tables):
        return
    servers.require_all()
    servers.run_everywhere(_statement())
    logger.info("clicks got the columns %s", ", ".join(wanted))


def _names(server: TableServer, table: str) -> set[str]:
    return {name for (name,) in server.run(_NAMES, {"table": table})}


def _statement() -> str:
    return query("app.schema", "add_click_columns")
