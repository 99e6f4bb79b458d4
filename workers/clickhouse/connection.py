"""Connection that puts questions to ClickHouse, made anew after any failure."""

from collections.abc import Callable
from typing import TypeVar

from clickhouse_driver import Client

from app.stores.clickhouse import connect, translated

_Answer = TypeVar("_Answer")


class ClickHouseConnection:
    """One connection to ClickHouse, made when first used and again after any failure.

    Args:
        url: as :func:`app.stores.clickhouse.connect` reads it.
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
