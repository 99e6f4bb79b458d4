"""Account that tracks what was written to Redis and is not all answered: its age, and its bytes.

How long the oldest unanswered command has waited tells a slow server from a slow us; how many bytes
have is what a server that doesn't answer costs us.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

OnAnswered = Callable[[bytes, int], None]


class _Write(NamedTuple):
    last: int
    written_at: float
    commands: bytes
    command_count: int


class InFlight:
    """Measures by whole writes, and as of the moment when the event loop last received.

    A tick of the loop that takes long ages every command, and the replies are there already; that
    is not held against the server.

    Attributes:
        oldest_seconds: for how long the oldest command has waited; 0 if none does.
        waiting_bytes: of the writes that are not all answered.
    """

    def __init__(self, clock: Callable[[], float], on_answered: OnAnswered) -> None:
        """Begin with none.

        Args:
            clock: monotonic seconds.
            on_answered: given the bytes and the number of the commands of each write whose replies
                are there, at the end of the tick in which they came, in order.
        """
        self.oldest_seconds = 0.0
        self.waiting_bytes = 0
        self._clock = clock
        self._on_answered = on_answered
        self._writes: deque[_Write] = deque()
        self._polled_at = 0.0

    def note(self, last: int, commands: bytes, count: int) -> None:
        """Note that commands leave now.

        Args:
            last: the number of the last of them, counted as ``answered`` in :meth:`assess` is.
            commands: their bytes.
            count: how many they are.
        """
        self._writes.append(_Write(last, self._clock(), commands, count))
        self.waiting_bytes += len(commands)

    def is_all_answered(self, answered: int) -> bool:
        """Tell whether no command waits, given how many replies have come so far."""
        return not self._writes or self._writes[-1].last <= answered

    def note_poll(self) -> None:
        """Note that the loop has asked for what can be received, and is about to receive it."""
        self._polled_at = self._clock()

    def assess(self, answered: int) -> None:
        """Measure anew, at the end of a tick, given how many replies have come so far."""
        writes = self._writes
        while writes and writes[0].last <= answered:
            self._finish_oldest()
        self.oldest_seconds = max(self._polled_at - writes[0].written_at, 0.0) if writes else 0.0

    def reset(self, answered: int) -> None:
        """Forget all commands, because their connection ended.

        A write of which only a part was answered counts as answered: that part was.
        """
        while self._writes and self._writes[0].last - self._writes[0].command_count < answered:
            self._finish_oldest()
        self._writes.clear()
        self.waiting_bytes = 0
        self.oldest_seconds = 0.0

    def _finish_oldest(self) -> None:
        oldest = self._writes.popleft()
        self.waiting_bytes -= len(oldest.commands)
        self._on_answered(oldest.commands, oldest.command_count)
