"""Lately: what takes its time to find out, as it was found lately.

Rule: who asks never waits for long, whatever doesn't answer. It is looked in a thread of its own,
      one at a time, and only while somebody asks.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from app.health.system.samples import Away
from app.times import rfc3339

logger = logging.getLogger(__name__)

_UNEXPECTED = "something unexpected went wrong: see the console's log"
_FIRST = "this is being looked at for the first time: ask again in some seconds"


class _Found(NamedTuple):
    value: dict[str, Any] | None
    fault: str
    at: float


class Lately:
    """Looks when asked, unless it did lately; any thread may ask.

    Args:
        look: finds out; raises Away where it can't.
        young_seconds: for how long nobody looks again.
        clock: monotonic seconds.
        wall: Unix seconds.
    """

    def __init__(
        self,
        name: str,
        look: Callable[[], dict[str, Any]],
        young_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._look = look
        self._young_seconds = young_seconds
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._found: _Found | None = None
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Look again, if it is time to, and nobody does."""
        with self._lock:
            is_young = self._found and self._clock() - self._found.at < self._young_seconds
            if is_young or self._thread:
                return
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def get(self, wait_seconds: float) -> dict[str, Any]:
        """Return what was found last, and when.

        Args:
            wait_seconds: for the first time, that there is anything.

        Raises:
            Away: it couldn't be found out, or isn't yet.
        """
        self.begin()
        thread = self._thread
        if self._found is None and thread:
            thread.join(wait_seconds)
        found = self._found
        if found is None:
            raise Away(_FIRST)
        if found.value is None:
            raise Away(found.fault)
        return found.value

    def _run(self) -> None:
        value, fault = None, ""
        try:
            value = {"looked_at": rfc3339(int(self._wall() * 1000)), **self._look()}
        except Away as error:
            fault = str(error)
        except Exception:
            logger.exception("%s can't be told", self._name)
            fault = _UNEXPECTED
        with self._lock:
            self._found = _Found(value, fault, self._clock())
            self._thread = None
