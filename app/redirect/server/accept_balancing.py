"""Table that tells workers how many connections each holds, so that newcomers are shared fairly.

The kernel wakes every worker for a newcomer, and the one that is awake already takes it: a proxy
that opens its connections one by one would end up with all of them at one worker, and the other
cores would idle for as long as these connections are kept.

gunicorn's reload tells the old workers to leave as soon as it has forked the new ones, which take a
second to load the application: an old worker that knows of them serves on until they do.
"""

import mmap
import struct
from collections.abc import Iterable

#: Workers that can be told apart at one time.
SLOTS = 32
#: time.monotonic() of the last word (the same clock in all processes), and connections; for a
#: worker that is starting, the time of its fork as a negative number.
_SLOT = struct.Struct("dq")
_NEVER = 0.0
#: A worker that has said nothing for this long has gone, or stands still.
SILENT_SECONDS = 2.5
#: A worker that has not begun to serve this long after its fork is waited for no longer. It loads
#: for a second, on a busy machine for ten; one that will never serve says so before it goes.
START_SECONDS = 20.0
#: More connections than the least loaded worker has, before a newcomer is left to that one: this
#: many, or this part of them.
SLACK = 4
SLACK_PART = 8


class SlotTable:
    """Memory that all workers share; to be made before they are forked."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, SLOTS * _SLOT.size)


class WorkerSlot:
    """One worker's slot in the table.

    Args:
        number: counted up with each fork, so that its slot was that of a worker long gone.
    """

    def __init__(self, table: SlotTable, number: int) -> None:
        self._memory = table.memory
        self._slot_number = number % SLOTS

    def expect(self, now: float) -> None:
        """Say that this worker is about to be forked, and will serve soon."""
        self.tell(0, -now)

    def tell(self, connections: int, now: float) -> None:
        """Say how many connections this worker holds at a time.monotonic()."""
        _SLOT.pack_into(self._memory, self._slot_number * _SLOT.size, now, connections)

    def leave(self) -> None:
        """Say that this worker takes no more."""
        self.tell(0, _NEVER)

    def is_one_starting(self, now: float) -> bool:
        """Tell whether a worker was forked and doesn't serve yet."""
        return any(
            told_at < _NEVER and now + told_at < START_SECONDS
            for told_at, _ in _SLOT.iter_unpack(self._memory)
        )

    def is_exceeded(self, connections: int, now: float) -> bool:
        """Tell whether a newcomer should be left to a worker that holds fewer connections."""
        others = [
            told
            for number, (told_at, told) in enumerate(_SLOT.iter_unpack(self._memory))
            if number != self._slot_number and told_at > _NEVER and now - told_at < SILENT_SECONDS
        ]
        return bool(others) and exceeds_share(connections, others)


def exceeds_share(mine: int, others: Iterable[int]) -> bool:
    """Tell whether a worker holds clearly more connections than the least loaded other."""
    least = min(others)
    return mine > least + max(SLACK, least // SLACK_PART)
