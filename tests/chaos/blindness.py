"""Takes a counted click away, to see whether `hopline audit` sees it."""

from tests.chaos.client_log import REFERRER
from tests.chaos.stage import Stage
from tests.chaos.stored import hopline

_YOUNGEST = f"""
SELECT hex(click_id) FROM clicks
WHERE time BETWEEN now() - INTERVAL 10 MINUTE AND now()
ORDER BY toUInt64OrZero(extract(referrer, '^{REFERRER}(\\\\d+)')) DESC LIMIT 1
"""
_DELETE = "ALTER TABLE {} DELETE WHERE hex(click_id) = '{}' SETTINGS mutations_sync = 2"
_SINCE = "45m"


def sees_a_loss(stage: Stage) -> bool:
    """Delete one click wherever ClickHouse knows of it; tell whether an audit misses it.

    To be called when everything has been counted.
    """
    found = stage.ask_clickhouse(_YOUNGEST)
    if not found:
        return False
    for table in ("clicks", "ledger"):
        stage.ask_clickhouse(_DELETE.format(table, found[0][0]))
    return hopline(stage, "audit", "--since", _SINCE, "--json")[0] == 1
