"""How long the oldest unanswered command has waited, which tells a slow server from a slow us.

And how many bytes have, which is what a server that doesn't answer costs us.
"""

from collections import deque
from collections.abc import Callable


class ReplyAge:
    """Measures by whole flushes, and as of the moment when the event loop last received.

    A turn of the loop that takes long ages every command, and the replies are there already; that
    is not held against the server.

    Attributes:
        seconds: for how long the oldest command has waited; 0 if none does.
        waiting_bytes: of the flushes that are not all answered.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds = 0.0
        self.waiting_bytes = 0
        self._clock = clock
        self._flushes: deque[tuple[int, float, int]] = deque()
        self._polled_at = 0.0

    def note_flush(self, last: int, size: int) -> None:
        """Note that commands leave now.

        Args:
            last: the number of the last of them, counted as ``answered`` in :meth:`assess` is.
            size: their bytes.
        """
        self._flushes.append((last, self._clock(), size))
        self.waiting_bytes += size

    def is_all_answered(self, answered: int) -> bool:
        """Tell whether no command waits, given how many replies have come so far."""
        return not self._flushes or self._flushes[-1][0] <= answered

    def note_poll(self) -> None:
        """Note that the loop has asked for what can be received, and is about to receive it."""
        self._polled_at = self._clock()

    def assess(self, answered: int) -> None:
        """Measure anew, at the end of a turn, given how many replies have come so far."""
        flushes = self._flushes
        while flushes and flushes[0][0] <= answered:
            self.waiting_bytes -= flushes.popleft()[2]
        self.seconds = max(self._polled_at - flushes[0][1], 0.0) if flushes else 0.0

    def reset(self) -> None:
        """Forget all commands, because their connection ended."""
        self._flushes.clear()
        self.waiting_bytes = 0
        self.seconds = 0.0
