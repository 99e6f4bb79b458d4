"""Reader that follows the end of all streams of clicks, without being a member of the group.

Who may wait takes :meth:`StreamTail.entries`, and who has more to do asks by
:meth:`StreamTail.read`.
"""

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
        client: Redis client that may wait ``block_ms`` for a reply; with 0 it doesn't wait.
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
                for stream, entries in self.read(places):
                    for entry_id, fields in entries:
                        yield entry_id, fields
                        places[stream] = entry_id
            except RedisUnavailable as error:
                self._say(f"{error}; waiting for it")
                places = lowered(places, self._wait())
                self._say("Redis is back")

    def read(self, places: Places, count: int = _AT_ONCE) -> list[tuple[str, list[StreamEntry]]]:
        """Return by stream what is newer than its id, some entries of each at most.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't say.
        """
        wanted: dict[Any, Any] = {**places}
        with translated(self._url):
            reply = self._client.xread(wanted, count=count, block=self._block_ms or None)
        found = cast("list[tuple[bytes, list[StreamEntry]]]", reply or [])
        return [(stream.decode(), entries) for stream, entries in found]

    def added(self) -> int:
        """Return how many entries were ever added to all streams.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't say.
        """
        return sum(self._added(stream) for stream in self._streams)

    def _last_id(self, stream: str) -> bytes:
        with translated(self._url):
            last: Any = self._client.xrevrange(stream, count=1)
        return cast("bytes", last[0][0]) if last else _START

    def _added(self, stream: str) -> int:
        with translated(self._url):
            if not self._client.exists(stream):
                return 0
            found: Any = self._client.xinfo_stream(stream)
        return int(found["entries-added"])

    def _wait(self) -> Places:
        """Return the last ids once Redis answers: lower ones if it lost its newest clicks."""
        while True:
            self._sleep(_RETRY_SECONDS)
            try:
                return self.last_ids()
            except RedisUnavailable:
                continue


def lowered(places: Places, last_ids: Places) -> Places:
    """Return from where to go on once Redis is back: lower where it lost its newest clicks."""
    return {stream: min(place, last_ids[stream], key=parse_id) for stream, place in places.items()}
