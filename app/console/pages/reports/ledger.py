"""Badge that tells whether every click is in its place, as the workers last found."""

import logging
import threading
import time
from collections.abc import Callable

from app.audit.entry_ledgers import EntryLedgers
from app.audit.factory import open_entries
from app.config.settings import Settings
from app.health.audit import judge_ledger
from app.health.check import Check, warn
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError

logger = logging.getLogger(__name__)

#: The workers look once a minute, so that nobody needs to ask more often than this.
_YOUNG_SECONDS = 5.0


class LedgerBadge:
    """Reads what the last check of the ledger found, one thread at a time.

    Args:
        open_ledgers: connects; the connection is used by one thread at a time.
        clock: monotonic seconds.
        now: Unix seconds.
    """

    def __init__(
        self,
        open_ledgers: Callable[[], EntryLedgers],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._open = open_ledgers
        self._ledgers: EntryLedgers | None = None
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._last: tuple[float, Check] | None = None

    def check(self) -> Check:
        """Return what is known; it is never worth an error."""
        with self._lock:
            now = self._clock()
            if self._last is None or now - self._last[0] > _YOUNG_SECONDS:
                self._last = (now, self._read())
            return self._last[1]

    def _read(self) -> Check:
        try:
            if self._ledgers is None:
                self._ledgers = self._open()
            ledgers = self._ledgers
            return judge_ledger(ledgers.noted(), ledgers.gaps_of_a_day(), self._now())
        except RedisError as error:
            logger.info("The ledger can't be read: %s", error)
            self._ledgers = None
            return warn("ledger", "not known", "Redis doesn't answer as it should")


def open_badge(settings: Settings) -> LedgerBadge:
    """Return the badge of an installation; it connects when first asked."""

    def open_ledgers() -> EntryLedgers:
        url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
        call = caller(connect(url, timeout_seconds=timeout_seconds), url, timeout_seconds)
        return open_entries(settings, call)

    return LedgerBadge(open_ledgers)
