"""The only file that writes clicks into ClickHouse."""

from time import monotonic

from clickhouse_driver import Client, errors

from app.clickhouse import ClickHouseRefused, connect, translated
from app.metrics import WorkerMetrics
from workers.batch import Batch
from workers.row import Row

INSERT = f"INSERT INTO clicks ({', '.join(Row._fields)}) VALUES"

#: Of every insert. Whatever the server's profile says, a confirmed insert is on its disk, and the
#: same batch, sent again after an unknown outcome, leaves no second copy of its rows.
_SETTINGS = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    # Else a block that is dropped as a duplicate still flows into materialized views (24.7 on).
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # A foreign producer's timestamps may span more months than the 100 that are allowed, and
    # would be refused as "too many parts" for ever.
    "max_partitions_per_insert_block": 0,
}


class Writer:
    """Inserts batches over one connection, which belongs to this process alone.

    Args:
        url: as :func:`app.clickhouse.connect` reads it.
        timeout_seconds: longest wait for ClickHouse to answer.
    """

    def __init__(self, url: str, timeout_seconds: float, metrics: WorkerMetrics) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._metrics = metrics
        self._client: Client | None = None

    def insert(self, batch: Batch) -> None:
        """Insert a batch as one block; on return its rows are stored.

        Raises:
            ClickHouseUnavailable: the outcome is unknown; send the same batch again.
            ClickHouseRefused: the rows are not stored, and won't be until something is mended.
        """
        started = monotonic()
        try:
            with translated(self._url):
                self._execute(batch)
        except errors.Error as error:
            self.close()
            raise ClickHouseRefused(f"clickhouse-driver can't send rows: {error}") from error
        except BaseException:
            # What was sent and what comes back is unknown, so nothing more may use it.
            self.close()
            raise
        self._metrics.insert_seconds.observe(monotonic() - started)
        self._metrics.rows_inserted.inc(len(batch))

    def close(self) -> None:
        """Hang up; the next insert connects anew."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None

    def _execute(self, batch: Batch) -> None:
        if self._client is None:
            self._client = connect(self._url, timeout_seconds=self._timeout_seconds)
        settings = {
            **_SETTINGS,
            "insert_deduplication_token": batch.token,
            "insert_block_size": len(batch),
        }
        self._client.execute(INSERT, batch.columns(), settings=settings, columnar=True)
