"""Register in ClickHouse that tells when the ledgers in Redis began, so that a lost one is noticed.

When Redis is emptied, its ledger goes, too, and the next one would know of nothing missing. When it
is brought back from an older file, its ledger goes back as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from app.stores.clickhouse.connection import insert_settings
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.replicas import catch_up
from app.stores.clickhouse.shards import ClickHouseConnection, Shard

_KNOWN = """
SELECT toUnixTimestamp64Milli(since) FROM beginnings
WHERE stream = {stream:String} AND consumer_group = {group:String}
"""
_INSERT = "INSERT INTO beginnings (stream, consumer_group, since, checked) VALUES"
_CHECKED = """
SELECT toUnixTimestamp64Milli(checked) FROM beginnings FINAL
WHERE stream = {stream:String} AND consumer_group = {group:String}
    AND since = fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
"""
_LAST_CLICK = """
SELECT toUnixTimestamp64Milli(max(time)) FROM {table:Identifier}
WHERE time <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
"""


class Beginnings:
    """The beginnings of the ledgers of one group of one stream; connects for each question.

    All times are Unix milliseconds. Every method raises ClickHouseUnavailable or ClickHouseRefused,
    as the server says.
    """

    def __init__(self, url: str, timeout_seconds: float, stream: str, group: str) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._names = {"stream": stream, "group": group}

    def another_until(self, since_ms: int) -> int | None:
        """Return until when another ledger was kept than the one that began at this time.

        The last click that was taken on tells. None where no other was, and where this one was
        written, for then that was told.
        """

        def last_ms(shard: Shard) -> int:
            shard.catch_up("ledger")
            params = {"table": shard.table("ledger"), "now_ms": since_ms}
            return int(shard.client.execute(_LAST_CLICK, params)[0][0])

        with self._connected() as connection:
            last_clicks_ms = connection.ask_each(last_ms)
            known = connection.ask(self._known)
        if not known or since_ms in known:
            return None
        return max(*known, *last_clicks_ms)

    def write(self, since_ms: int) -> None:
        """Write down when a ledger began, unless that is known."""
        with self._connected() as connection:
            if since_ms not in connection.ask(self._known):
                connection.ask(lambda client: self._insert(client, since_ms, since_ms))

    def checked_ms(self, since_ms: int) -> int:
        """Return when the ledger that began at this time was last checked, 0 for never."""

        def ask(client: Client) -> int:
            catch_up(client, "beginnings")
            found = client.execute(_CHECKED, {**self._names, "since_ms": since_ms})
            return int(found[0][0]) if found else 0

        with self._connected() as connection:
            return connection.ask(ask)

    def note_checked(self, since_ms: int, checked_ms: int) -> None:
        """Note that the ledger that began at this time was checked; Redis has to know before."""
        with self._connected() as connection:
            connection.ask(lambda client: self._insert(client, since_ms, checked_ms))

    def _insert(self, client: Client, since_ms: int, checked_ms: int) -> None:
        row = (self._names["stream"], self._names["group"], since_ms, checked_ms)
        client.execute(_INSERT, [row], settings=insert_settings(client, 1))

    def _known(self, client: Client) -> list[int]:
        catch_up(client, "beginnings")
        return [row[0] for row in client.execute(_KNOWN, self._names)]

    @contextmanager
    def _connected(self) -> Iterator[ClickHouseConnection]:
        connection = ClickHouseConnection(self._url, self._timeout_seconds)
        try:
            yield connection
        finally:
            connection.close()
