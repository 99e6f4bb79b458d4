"""Lookup that finds the key of a request, and asks Redis for one at most twice a second.

Rule 1: what is remembered is half a second old at most, so that a revoked key is refused everywhere
        within a second. Redis away, it is forgotten like that, too: who can't hear of a revocation
        lets no key in.
Rule 2: that there are keys is never forgotten: none is ever deleted.
"""

import logging
import time
from collections.abc import Callable, Sequence

from app.keys.key import ApiKey, CorruptKey
from app.keys.store import KeyNotFound, KeyStore
from app.stores.redis.errors import RedisError

logger = logging.getLogger(__name__)

_YOUNG_SECONDS = 0.5
_MINUTE_SECONDS = 60
#: Keys remembered at once; more than there are.
_MOST = 1000


class KeyLookup:
    """Finds keys for many requests at once; any thread may ask.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, store: KeyStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._found: dict[str, tuple[ApiKey, float]] = {}
        self._used: dict[str, int] = {}
        self._has_keys: bool | None = None
        self._counted_at = 0.0
        self._signing: Sequence[ApiKey] = ()
        self._signing_at = -_YOUNG_SECONDS

    def find(self, key_id: str) -> ApiKey | None:
        """Return a key as it was half a second ago or later; None where there is none.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        now = self._clock()
        if (held := self._found.get(key_id)) and now - held[1] < _YOUNG_SECONDS:
            return held[0]
        try:
            key = self._store.get(key_id)
        except KeyNotFound:
            return None
        except CorruptKey as error:
            logger.error("Refused: %s", error)
            return None
        if len(self._found) >= _MOST:
            self._found.clear()
        # As of before it was asked for.
        self._found[key_id] = (key, now)
        return key

    def signing(self) -> Sequence[ApiKey]:
        """Return the keys of YOURLS' clients as they were half a second ago or later.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        now = self._clock()
        if now - self._signing_at >= _YOUNG_SECONDS:
            found = [key for key in self._store.all() if key.is_of_yourls]
            # As of before they were asked for.
            self._signing, self._signing_at = found, now
        return self._signing

    def has_keys(self) -> bool:
        """Tell whether there are keys; Redis away, whether there were any.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't do its part, and never has.
        """
        now = self._clock()
        if self._has_keys or (self._has_keys is False and now - self._counted_at < _YOUNG_SECONDS):
            return self._has_keys
        try:
            self._has_keys, self._counted_at = self._store.has_any(), now
        except RedisError:
            if self._has_keys is None:
                raise
        return self._has_keys

    def note_use(self, key_id: str, now: float) -> None:
        """Note that a key was used, once a minute; what Redis doesn't take isn't worth an answer.

        Args:
            now: Unix seconds.
        """
        minute = int(now) // _MINUTE_SECONDS
        if self._used.get(key_id) == minute:
            return
        self._used[key_id] = minute
        try:
            self._store.note_use(key_id, now)
        except RedisError as error:
            logger.info("The use of the key %s isn't noted: %s", key_id, error)
