"""Table of clicks that visits are brought into."""

from collections.abc import Sequence

from app.audit.stored_clicks import find_stored
from app.clicks.rows import Rows
from app.stores.clickhouse.shards import ClickHouseConnection
from workers.replay.stored_clicks import StoredClicks
from workers.visits.visit import Visit


class VisitTable:
    """Finds and stores clicks, on however many shards.

    Every method raises ClickHouseUnavailable (try again) or ClickHouseRefused.

    Args:
        url: as :func:`app.stores.clickhouse.connection.connect` reads it.
        timeout_seconds: longest wait for an answer.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._connection = ClickHouseConnection(url, timeout_seconds)
        self._stored = StoredClicks(url, timeout_seconds)

    def find(self, visits: Sequence[Visit]) -> set[bytes]:
        """Return the click ids of those that are there."""
        click_ids = [visit.click_id for visit in visits]
        codes = [visit.code.encode() for visit in visits]
        times_ms = [visit.time_ms for visit in visits]
        return self._connection.ask(lambda client: find_stored(client, click_ids, codes, times_ms))

    def store(self, rows: Rows) -> None:
        """Store clicks, of one month, that the ledger should name."""
        self._stored.restore(rows)

    def close(self) -> None:
        """Hang up; the next call connects anew."""
        self._connection.close()
        self._stored.close()
