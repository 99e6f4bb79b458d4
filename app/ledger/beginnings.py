"""Register in ClickHouse that tells when the ledgers in Redis began, so that a lost one is noticed.

When Redis is emptied, its ledger goes, too, and the next one would know of nothing missing.
"""

from app.clickhouse import connect, insert_settings, translated

_KNOWN = """
SELECT toUnixTimestamp64Milli(since) FROM beginnings
WHERE stream = {stream:String} AND consumer_group = {group:String}
"""
_ENTER = "INSERT INTO beginnings (stream, consumer_group, since) VALUES"
_LAST_CLICK = """
SELECT toUnixTimestamp64Milli(max(time)) FROM ledger
WHERE time <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
"""


class Beginnings:
    """The beginnings of the ledgers of one group of one stream; connects for each question."""

    def __init__(self, url: str, timeout_seconds: float, stream: str, group: str) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._names = {"stream": stream, "group": group}

    def enter(self, since_ms: int) -> int | None:
        """Enter when a ledger began; return until when another was kept, None if none was.

        None also where this one is known. All times are Unix milliseconds; until when is told by
        the last click that was taken on.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        with (
            translated(self._url),
            connect(self._url, timeout_seconds=self._timeout_seconds) as client,
        ):
            known: list[int] = [row[0] for row in client.execute(_KNOWN, self._names)]
            if since_ms in known:
                return None
            row = (self._names["stream"], self._names["group"], since_ms)
            client.execute(_ENTER, [row], settings=insert_settings(1))
            if not known:
                return None
            last_ms: int = client.execute(_LAST_CLICK, {"now_ms": since_ms})[0][0]
            return max(*known, last_ms)
