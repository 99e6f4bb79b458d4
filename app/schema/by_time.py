"""Projection that holds the clicks once more by time, as the ledger has them.

Who compares the two reads an hour's rows by it, not a month's. ClickHouse keeps it in each part,
through retries, merges, mutations and lifetimes. It is no numbered migration: a version that knows
nothing of it works with the table as before, so that the way back stays open.

Rule: nothing asks for ``count()`` alone by a condition on time. ClickHouse 26.7 adds what it counts
      by the primary key to what it reads of the projection, and says 752,803 of 527,309 rows. With
      GROUP BY, another column or FINAL it is right.
"""

import logging

from app.schema.servers import Servers
from app.schema.table_settings import create_query, keep_settings

logger = logging.getLogger(__name__)

#: A merge that drops older rows of a click computes the projection anew; by default such a table
#: may have none. The parts that DELETE FROM touches lose theirs and are read as those of before; to
#: rebuild it that way keeps deleted rows (ClickHouse #111791).
_MODES = {
    "deduplicate_merge_projection_mode": "rebuild",
    "lightweight_mutation_projection_mode": "drop",
}
_NAME = "by_time"
ADD = f"ADD PROJECTION IF NOT EXISTS {_NAME} (SELECT time, click_id ORDER BY time, click_id)"
#: Of the parts that are there already, in the background; until then they are read as before.
FILL = f"MATERIALIZE PROJECTION {_NAME}"


def keep_by_time(servers: Servers) -> None:
    """Give the clicks of each shard the projection; while a host is away, that can wait.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the servers say.
    """
    if servers.away:
        return
    table = servers.own("clicks")
    keep_settings(servers, table, _MODES)
    for one, *_ in servers.by_shard:
        if f"PROJECTION {_NAME}" not in create_query(one, table):
            one.run(f"ALTER TABLE {table} {ADD}")
            one.run(f"ALTER TABLE {table} {FILL}", mutations_sync=0)
            logger.info("clicks of %s get a projection by time", one.place)
