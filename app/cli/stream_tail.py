"""Reader that follows the end of the click stream, without being a member of the group."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from app.audit.unread_entries import parse_id
from app.stores.redis.errors import RedisUnavailable, translated

if TYPE_CHECKING:
    import redis

StreamEntry = tuple[bytes, dict[bytes, bytes]]

#: Before the first entry.
_START = b"0-0"
_AT_ONCE = 100
_RETRY_SECONDS = 1.0


class StreamTail:
    """Reads what is added to a stream.

    Args:
        client: Redis client that may wait ``block_ms`` for a reply.
        url: where it connects to, for error texts.
        say: told in words when Redis goes away and when it is back.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        stream: str,
        *,
        block_ms: int,
        sleep: Callable[[float], None],
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._url = url
        self._stream = stream
        self._block_ms = block_ms
        self._sleep = sleep
        self._say = say

    def last_id(self) -> bytes:
        """Return the id of the newest entry.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't say.
        """
        with translated(self._url):
            last: Any = self._client.xrevrange(self._stream, count=1)
        return cast("bytes", last[0][0]) if last else _START

    def entries(self, after: bytes) -> Iterator[StreamEntry]:
        """Yield each entry newer than an id, for ever; waits while Redis is away.

        Raises:
            RedisRefused: it says no.
        """
        while True:
            try:
                for entry_id, fields in self._read(after):
                    yield entry_id, fields
                    after = entry_id
            except RedisUnavailable as error:
                self._say(f"{error}; waiting for it")
                after = min(after, self._wait(), key=parse_id)
                self._say("Redis is back")

    def _read(self, after: bytes) -> list[StreamEntry]:
        with translated(self._url):
            reply = self._client.xread({self._stream: after}, count=_AT_ONCE, block=self._block_ms)
        streams = cast("list[tuple[bytes, list[StreamEntry]]]", reply)
        return streams[0][1] if streams else []

    def _wait(self) -> bytes:
        """Return the last id once Redis answers: lower than before if it lost its newest clicks."""
        while True:
            self._sleep(_RETRY_SECONDS)
            try:
                return self.last_id()
            except RedisUnavailable:
                continue
