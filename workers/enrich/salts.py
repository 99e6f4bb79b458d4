"""Store that keeps the secret salts of visitor ids in Redis, one a UTC day."""

import secrets
import time
from collections.abc import Callable

import redis

from app.stores.keys import visitor_salt_key
from app.stores.redis.client import despite_full
from app.stores.redis.errors import translated

SALT_BYTES = 32
#: A day's salt is made on its first click and must outlive the clicks that arrive late: by the two
#: days after it. Once it is gone, the day's visitor ids can't be told from random numbers.
SALT_SECONDS = 72 * 3600


class Salts:
    """The secret salts of visitor ids, one a UTC day, shared by all consumers through Redis.

    Args:
        wall_clock: Unix seconds.
    """

    def __init__(
        self, client: "redis.Redis", url: str, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._url = url
        self._wall_clock = wall_clock

    def of_day(self, day: str) -> bytes:
        """Return the salt of a UTC day written YYYY-MM-DD; the first who asks makes it.

        Raises:
            RedisUnavailable, RedisRefused: as the server says.
        """
        made = secrets.token_bytes(SALT_BYTES)
        with translated(self._url):
            # One command, so that two consumers can't each make one (NX with GET: Redis 7.0). Also
            # on a full Redis: at midnight nobody could go on, and so nobody would empty it.
            key = visitor_salt_key(day)
            # Until a midnight, after which the append-only file is written anew without it.
            seconds = SALT_SECONDS - int(self._wall_clock()) % 86_400
            command = ("SET", key, made, "NX", "GET", "EX", seconds)
            held: object = self._client.execute_command(  # type: ignore[no-untyped-call]
                *despite_full(key, *command)
            )
        return held if isinstance(held, bytes) else made
