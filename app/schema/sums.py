"""Tables of the sums of closed days, and the view that marks days whose clicks have changed.

They are no numbered migration: a version that knows nothing of them works beside them, and its
inserts mark days as ours do, so that the way back stays open. On several shards every host has all
of their rows.
"""

import logging
import re

from app.schema.membership import TableServer
from app.schema.servers import Servers
from app.stores.scripts import query

logger = logging.getLogger(__name__)

#: Each with a file that makes it.
SUM_TABLES = ("click_sums", "click_values", "click_sum_days", "click_marks")
_VIEW = "click_marking"
_QUERY = """
SELECT create_table_query FROM system.tables
WHERE database = currentDatabase() AND name = {view:String}
"""
_MARK_ALL = "INSERT INTO click_marks (day) SELECT DISTINCT day FROM click_sum_days"


def keep_sums(servers: Servers) -> None:
    """Make what is missing of them; while a host is away, that can wait.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the servers say.
    """
    if servers.away:
        return
    there = {name for (name,) in servers.first.run("SHOW TABLES")}
    for table in SUM_TABLES:
        if table not in there:
            servers.run_everywhere(query("app.schema", f"create_{table}"))
    blind = [one for one in servers.all if not _watches(one, servers.own("clicks"))]
    for one in blind:
        _watch(one, servers.own("clicks"))
    if blind:
        # While there was no view, nobody marked anything.
        mark_all(servers.first)


def mark_all(server: TableServer) -> None:
    """Say that clicks of any day may have changed, so that all sums are made anew."""
    server.run(_MARK_ALL)


def _watches(server: TableServer, clicks: str) -> bool:
    """Tell whether a server's view is there, and watches that table."""
    rows = server.run(_QUERY, {"view": _VIEW})
    return bool(rows and re.search(rf"FROM (?:\w+\.)?`?{clicks}`?\s", rows[0][0]))


def _watch(server: TableServer, clicks: str) -> None:
    server.run(f"DROP VIEW IF EXISTS {_VIEW} SYNC")
    server.run(query("app.schema", "create_click_marking", clicks=clicks))
    logger.info("inserts into %s of %s mark their days from now on", clicks, server.place)
