"""Poll that asks several ends at once, and waits until enough of them have answered."""

import time
from collections.abc import Callable, Collection, Mapping
from queue import Empty
from typing import Any, Generic, Protocol, TypeVar

from app.stores.redis.address import Peer

#: Longest wait for all of them: one that is away keeps nobody waiting for longer.
ASK_SECONDS = 0.3

Said = TypeVar("Said")


class Arrivals(Protocol):
    """Queue of answers, for threads or for greenlets."""

    def put(self, answer: Any) -> None:
        """Add one."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return one, or raise :class:`queue.Empty` after the timeout."""
        ...


class Poll(Generic[Said]):
    """Asks several ends at once, and waits until enough have answered.

    Args:
        ask: asks one end, within :data:`ASK_SECONDS`; nothing that goes wrong may be raised.
        spawn: runs a function beside, in a thread or a greenlet.
        new_queue: makes a queue between these and who asks.

    Attributes:
        latest: what each end said last, also of those that were not waited for.
    """

    def __init__(
        self,
        ask: Callable[[Peer], Said],
        spawn: Callable[..., Any],
        new_queue: Callable[[], Arrivals],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.latest: dict[Peer, Said] = {}
        self._ask = ask
        self._spawn = spawn
        self._new_queue = new_queue
        self._clock = clock
        # One that is still being asked is not asked once more.
        self._asked: set[Peer] = set()

    def __call__(
        self, ends: Collection[Peer], is_decided: Callable[[Mapping[Peer, Said]], bool]
    ) -> dict[Peer, Said]:
        """Return what those say that answer in time.

        Args:
            is_decided: whether the others need not be waited for.
        """
        arrivals = self._new_queue()
        for end in ends:
            if end not in self._asked:
                self._asked.add(end)
                self._spawn(self._ask_one, end, arrivals)
        answers: dict[Peer, Said] = {}
        until = self._clock() + ASK_SECONDS
        while len(answers) < len(ends) and not is_decided(answers):
            try:
                end, answer = arrivals.get(timeout=max(until - self._clock(), 0.001))
            except Empty:
                break
            answers[end] = answer
        return answers

    def _ask_one(self, end: Peer, arrivals: Arrivals) -> None:
        try:
            self.latest[end] = answer = self._ask(end)
            arrivals.put((end, answer))
        finally:
            self._asked.discard(end)
