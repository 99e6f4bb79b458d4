"""Calls that reach Redis, or the nodes of a cluster that the keys of each are at."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.stores.redis.client import connect
from app.stores.redis.cluster import slot_of
from app.stores.redis.connection import RedisConnection
from app.stores.redis.errors import translated
from app.stores.redis.routing import ClusterClient, key_of

if TYPE_CHECKING:
    import redis


def caller(client: "redis.Redis", url: str, timeout_seconds: float) -> Callable[..., Any]:
    """Return what :meth:`RedisConnection.call` is, for keys in whatever slots of a cluster.

    There, a command without a key goes to every primary, and the last reply is returned.

    Args:
        client: made by :func:`app.stores.redis.client.connect` from the URL.
    """
    if isinstance(client, ClusterClient):
        return _SlotCalls(client, url, timeout_seconds).call
    return RedisConnection(client, url, timeout_seconds).call


class _SlotCalls:
    """Connections to nodes of a cluster, one for each slot that was asked for."""

    def __init__(self, client: ClusterClient, url: str, timeout_seconds: float) -> None:
        self._client = client
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._of_slots: dict[int, RedisConnection] = {}

    def call(self, *command: str | bytes | float) -> Any:
        key = key_of(command)
        if key is None:
            return self._call_all(command)
        slot = slot_of(key)
        if slot not in self._of_slots:
            name = key.decode() if isinstance(key, bytes) else key
            near = connect(self._url, timeout_seconds=self._timeout_seconds, near=name)
            self._of_slots[slot] = self._connection(near)
        return self._of_slots[slot].call(*command)

    def _call_all(self, command: tuple[str | bytes | float, ...]) -> Any:
        with translated(self._url):
            primaries = self._client.primaries()
        return [self._connection(each).call(*command) for each in primaries][-1]

    def _connection(self, client: "redis.Redis") -> RedisConnection:
        return RedisConnection(client, self._url, self._timeout_seconds)
