"""Writer that inserts clicks into ClickHouse: the only file that does it for consumers."""

from collections import Counter
from collections.abc import Mapping
from time import monotonic
from typing import Any

from app.audit.stored_clicks import count_stored
from app.audit.writer import write_ledger
from app.clicks.rows import Rows
from app.metrics.workers import WorkerMetrics
from app.stores.clickhouse.connection import ClickHouseRefused, insert_settings
from app.stores.clickhouse.driver import Client, errors
from app.stores.clickhouse.shards import ClickHouseConnection, Shard
from workers.clickhouse.batch import Batch

#: Columns that every row has something in; of the others many batches know nothing.
_ALWAYS = frozenset(Rows._fields[: Rows._fields.index("enriched_at") + 1])

#: Of clickhouse-driver itself: texts are bytes, and stay what they are.
_AS_BYTES = {"strings_as_bytes": True}

#: Errors about values, not about the table, the rights or the server's state.
#: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
OF_THE_ROWS = frozenset(
    (
        6,  # CANNOT_PARSE_TEXT
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        69,  # ARGUMENT_OUT_OF_BOUND
        117,  # INCORRECT_DATA
        131,  # TOO_LARGE_STRING_SIZE
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        469,  # VIOLATED_CONSTRAINT
    )
)
#: What the driver raises when a value doesn't fit its column. These come before a row is sent.
_OF_THE_VALUES = (errors.TypeMismatchError, TypeError, ValueError, AttributeError, OverflowError)

#: How long a retry waits for its replica to have what the others have: a copy of the rows, which
#: needs no such wait, costs less than clicks that come late.
_CATCH_UP_SECONDS = 0.3


class RowsRefused(Exception):
    """At least one of the rows can't be stored, ever; others may."""


class Writer:
    """Inserts batches over one connection, which belongs to this process alone.

    Args:
        url: as :func:`app.stores.clickhouse.connection.connect` reads it.
        timeout_seconds: longest wait for ClickHouse to answer.
    """

    def __init__(self, url: str, timeout_seconds: float, metrics: WorkerMetrics) -> None:
        self._connection = ClickHouseConnection(url, timeout_seconds)
        self._metrics = metrics

    def insert(self, batch: Batch, token: str) -> None:
        """Insert a batch as one block; on return its rows are stored, if the token is a new one.

        If it is not, an insert with that token was tried before, and only :meth:`count_stored`
        tells whether its rows are there.

        Raises:
            RowsRefused: because of some of the rows.
            ClickHouseUnavailable: the outcome is unknown; send the same batch again.
            ClickHouseRefused: the rows are not stored, and won't be until something is mended.
        """
        started = monotonic()
        try:
            self._connection.ask(lambda client: _insert(client, batch.rows, token))
        except _OF_THE_VALUES as error:
            raise RowsRefused(f"clickhouse-driver can't send a row: {error}") from error
        except errors.Error as error:
            raise ClickHouseRefused(f"clickhouse-driver can't send rows: {error}") from error
        except ClickHouseRefused as error:
            if error.code in OF_THE_ROWS:
                raise RowsRefused(str(error)) from error
            raise
        self._metrics.insert_seconds.observe(monotonic() - started)
        self._metrics.insert_rows.observe(len(batch))
        self._metrics.rows_inserted.inc(len(batch))
        for verdict, rows in Counter(batch.rows.verdict).items():
            self._metrics.rows_judged.labels(verdict.decode()).inc(rows)

    def count_stored(self, batch: Batch) -> int:
        """Return how many of a batch's clicks are in the table.

        Raises:
            ReplicaBehind: that can't be told, since the replica that was reached lacks what others
                have confirmed.
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        return sum(self._connection.ask_each(lambda shard: _count(shard, batch.rows)))

    def close(self) -> None:
        """Hang up; the next insert connects anew."""
        self._connection.close()


def _insert(client: Client, rows: Rows, token: str) -> None:
    write_ledger(client, rows.click_id, rows.time)
    settings = {**insert_settings(client, len(rows.click_id), token), **_AS_BYTES}
    insert_rows(client, rows, settings)


def insert_rows(client: Client, rows: Rows, settings: Mapping[str, Any]) -> None:
    """Insert rows as one block, without the columns that are empty in all of them.

    Their defaults say the same, and most clicks belong to no campaign.
    """
    told = {
        name: column for name, column in rows._asdict().items() if name in _ALWAYS or any(column)
    }
    query = f"INSERT INTO clicks ({', '.join(told)}) VALUES"
    client.execute(query, list(told.values()), settings=dict(settings), columnar=True)


def _count(shard: Shard, rows: Rows) -> int:
    shard.catch_up("clicks", most_seconds=_CATCH_UP_SECONDS)
    return count_stored(shard, rows.click_id, rows.short_code, rows.time, _AS_BYTES)
