"""The last seconds of confirmed clicks, kept because Redis may yet lose them.

With AOF everysec Redis confirms a click up to a second (two, while its disk is slow) before it is
on disk, and a replica may be as far behind. When another server process answers, what was confirmed
shortly before is sent again; duplicates carry the same click id and collapse.
"""

import time
from collections import deque
from collections.abc import Callable

#: Some 15 MB, and a second's clicks of a worker at the highest rates measured.
_LIMIT = 32_000


class ResendRing:
    """Confirmed clicks of the last seconds, bounded in number as well.

    At rates that fill it earlier than its time span, it covers less time.
    """

    def __init__(
        self, seconds: float, limit: int = _LIMIT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._clicks: deque[tuple[float, bytes, bytes]] = deque(maxlen=limit)

    def __len__(self) -> int:
        return len(self._clicks)

    def add(self, click_id: bytes, command: bytes) -> None:
        """Keep a click that Redis has just confirmed."""
        now = self._clock()
        clicks = self._clicks
        while clicks and now - clicks[0][0] > self._seconds:
            clicks.popleft()
        clicks.append((now, click_id, command))

    def take(self) -> list[tuple[bytes, bytes]]:
        """Return the id and command of each click that is young enough, and keep none."""
        oldest = self._clock() - self._seconds
        taken = [(click_id, command) for at, click_id, command in self._clicks if at >= oldest]
        self._clicks.clear()
        return taken
