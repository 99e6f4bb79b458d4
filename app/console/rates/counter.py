"""Counter in Redis of the requests of all the console's processes, by policy and caller."""

from typing import TYPE_CHECKING, Any

from app.config.settings import Settings
from app.stores.keys import api_rate_key
from app.stores.redis.client import connect
from app.stores.redis.errors import translated
from app.stores.scripts import script

if TYPE_CHECKING:
    import redis

#: Redis is to be quick here, or is done without: every request waits for it.
_TIMEOUT_SECONDS = 0.25


def open_counter(settings: Settings) -> "SharedCounter":
    """Return the counter of an installation; it connects when first used."""
    client = connect(settings.redis_url, timeout_seconds=_TIMEOUT_SECONDS)
    return SharedCounter(client, settings.redis_url)


class SharedCounter:
    """Counts requests within windows.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
    """

    def __init__(self, client: "redis.Redis", url: str) -> None:
        self._client = client
        self._url = url

    def add(self, policy: str, caller: str, requests: int, window_seconds: int) -> tuple[int, int]:
        """Count requests, and return how many there are and in how many ms the window ends.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        place = api_rate_key(policy, caller)
        with translated(self._url):
            reply: Any = self._client.eval(
                script("app.console.rates", "count"), 1, place, requests, window_seconds
            )
        count, left_ms = reply
        return int(count), int(left_ms)
