"""Reader that follows the end of all streams of clicks, without being a member of the group."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from app.audit.unread_entries import parse_id
from app.stores.redis.errors import RedisUnavailable, translated

if TYPE_CHECKING:
    import redis

StreamEntry = tuple[bytes, dict[bytes, bytes]]
#: Ids of entries by their streams.
Places = dict[str, bytes]

#: Before the first entry.
_START = b"0-0"
_AT_ONCE = 100
_RETRY_SECONDS = 1.0


class StreamTail:
    """Reads what is added to some streams.

    Args:
        client: Redis client that may wait ``block_ms`` for a reply.
        url: where it connects to, for error texts.
        say: told in words when Redis goes away and when it is back.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        streams: Sequence[str],
        *,
        block_ms: int,
        sleep: Callable[[float], None],
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._url = url
        self._streams = streams
        self._block_ms = block_ms
        self._sleep = sleep
        self._say = say

    def last_ids(self) -> Places:
        """Return the id of the newest entry of each stream.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't say.
        """
        return {stream: self._last_id(stream) for stream in self._streams}

    def entries(self, after: Places) -> Iterator[StreamEntry]:
        """Yield each entry newer than its stream's id, for ever; waits while Redis is away.

        Raises:
            RedisRefused: it says no.
        """
        places = dict(after)
        while True:
            try:
                for stream, entries in self._read(places):
                    for entry_id, fields in entries:
                        yield entry_id, fields
                        places[stream] = entry_id
            except RedisUnavailable as error:
                self._say(f"{error}; waiting for it")
                for stream, last in self._wait().items():
                    places[stream] = min(places[stream], last, key=parse_id)
                self._say("Redis is back")

    def _last_id(self, stream: str) -> bytes:
        with translated(self._url):
            last: Any = self._client.xrevrange(stream, count=1)
        return cast("bytes", last[0][0]) if last else _START

    def _read(self, places: Places) -> Iterator[tuple[str, list[StreamEntry]]]:
        wanted: dict[Any, Any] = {**places}
        with translated(self._url):
            reply = self._client.xread(wanted, count=_AT_ONCE, block=self._block_ms)
        for stream, entries in cast("list[tuple[bytes, list[StreamEntry]]]", reply or []):
            yield stream.decode(), entries

    def _wait(self) -> Places:
        """Return the last ids once Redis answers: lower ones if it lost its newest clicks."""
        while True:
            self._sleep(_RETRY_SECONDS)
            try:
                return self.last_ids()
            except RedisUnavailable:
                continue
