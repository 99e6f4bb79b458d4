"""Writer that inserts clicks into ClickHouse: the only file that does it for consumers."""

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from app.audit.stored_clicks import count_stored
from app.audit.writer import write_ledger
from app.metrics.workers import WorkerMetrics
from app.stores.clickhouse.connection import ClickHouseRefused, connect, insert_settings, translated
from app.stores.clickhouse.driver import Client, errors
from app.stores.clickhouse.replicas import catch_up
from workers.clickhouse.batch import Batch
from workers.clickhouse.rows import Rows

INSERT = f"INSERT INTO clicks ({', '.join(Rows._fields)}) VALUES"

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

_Answer = TypeVar("_Answer")


class RowsRefused(Exception):
    """At least one of the rows can't be stored, ever; others may."""


class ClickHouseConnection:
    """One connection to ClickHouse, made when first used and again after any failure.

    Args:
        url: as :func:`app.stores.clickhouse.connection.connect` reads it.
        timeout_seconds: longest wait for an answer.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._client: Client | None = None

    def ask(self, question: Callable[[Client], _Answer]) -> _Answer:
        """Return the answer to a question that is put to the client.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        try:
            with translated(self._url):
                if self._client is None:
                    self._client = connect(self._url, timeout_seconds=self._timeout_seconds)
                return question(self._client)
        except BaseException:
            # What was sent and what comes back is unknown, so nothing more may use it.
            self.close()
            raise

    def close(self) -> None:
        """Hang up; the next question connects anew."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None


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

    def count_stored(self, batch: Batch) -> int:
        """Return how many of a batch's clicks are in the table.

        Raises:
            ReplicaBehind: that can't be told, since the replica that was reached lacks what others
                have confirmed.
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        return self._connection.ask(lambda client: _count(client, batch.rows))

    def close(self) -> None:
        """Hang up; the next insert connects anew."""
        self._connection.close()


def _insert(client: Client, rows: Rows, token: str) -> None:
    write_ledger(client, rows.click_id, rows.time)
    settings = {**insert_settings(client, len(rows.click_id), token), **_AS_BYTES}
    client.execute(INSERT, rows, settings=settings, columnar=True)


def _count(client: Client, rows: Rows) -> int:
    catch_up(client, "clicks", most_seconds=_CATCH_UP_SECONDS)
    return count_stored(client, rows.click_id, rows.short_code, rows.time, _AS_BYTES)
