"""Lifetime of clicks: when ClickHouse moves them to a cold volume, and when it forgets them."""

import logging
import re
from typing import NamedTuple

from app.schema.membership import TableServer
from app.schema.servers import Servers
from app.stores.clickhouse.connection import ClickHouseRefused

logger = logging.getLogger(__name__)

#: How long a row of the table ``ledger`` is kept.
LEDGER_DAYS = 35
_RULE = re.compile(r"toDateTime\(time\) \+ toIntervalDay\((\d+)\)( TO \w+ '[^']*')?")
_TO_COLD = " TO VOLUME 'cold'"


class Lifetime(NamedTuple):
    """Days of a click's life in ClickHouse.

    Attributes:
        ttl_days: after which it is deleted, 0 for never.
        cold_days: after which it is moved to the volume ``cold``, 0 for never.
    """

    ttl_days: int
    cold_days: int = 0

    @property
    def change(self) -> str:
        """What ALTER TABLE is told."""
        rules = [
            f"toDateTime(time) + toIntervalDay({days:d}){what}"
            for days, what in ((self.cold_days, _TO_COLD), (self.ttl_days, ""))
            if days
        ]
        return f"MODIFY TTL {', '.join(rules)}" if rules else "REMOVE TTL"

    def __str__(self) -> str:
        kept = f"for {self.ttl_days} days" if self.ttl_days else "for ever"
        return f"{kept}, cold after {self.cold_days}" if self.cold_days else kept


def lifetime_of(engine: str) -> Lifetime:
    """Return what a table's engine_full says; rules of others are left out."""
    found = {what: int(days) for days, what in _RULE.findall(engine)}
    return Lifetime(found.get("", 0), found.get(_TO_COLD, 0))


def ttl_of(engine: str) -> int:
    """Return the days in a table's engine_full after which a click is deleted, 0 for never."""
    return lifetime_of(engine).ttl_days


def keep_clicks(servers: Servers, wanted: Lifetime, storage_policy: str) -> None:
    """Have clicks live as long as is wanted, on the disks of a storage policy.

    Args:
        storage_policy: its name; '' leaves it as it is.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the servers say.
    """
    if storage_policy:
        _store_by(servers, storage_policy)
    for one, *_ in servers.by_shard:
        _keep(one, servers.own("clicks"), wanted)


def _keep(server: TableServer, table: str, wanted: Lifetime) -> None:
    # A change rewrites every part, so none is asked for while the number of days is the same.
    if wanted == lifetime_of(_engine(server, table)):
        return
    try:
        server.run(f"ALTER TABLE {table} {wanted.change}")
    except ClickHouseRefused:
        if wanted != lifetime_of(_engine(server, table)):
            raise  # else another process was first: what is gone can't be removed again
    logger.info("clicks of %s are now kept %s", server.place, wanted)


def _store_by(servers: Servers, policy: str) -> None:
    """Set the policy, which is a setting and so each replica's own."""
    setting, table = f"storage_policy = '{policy}'", servers.own("clicks")
    for one in servers.all:
        if setting not in _engine(one, table):
            one.run(f"ALTER TABLE {table} MODIFY SETTING {setting}")
            logger.info("clicks of %s are now stored by the policy %s", one.place, policy)


def _engine(server: TableServer, table: str) -> str:
    rows = server.run(
        "SELECT engine_full FROM system.tables WHERE database = currentDatabase()"
        " AND name = {table:String}",
        {"table": table},
    )
    return str(rows[0][0])
