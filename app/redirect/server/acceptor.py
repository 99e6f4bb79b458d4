"""Acceptor that lets connections in, up to a limit and to this worker's share."""

import logging
from collections.abc import Iterable, Sequence, Sized
from heapq import nsmallest
from select import EPOLLIN

from app.redirect.server.accept_balancing import WorkerSlot
from app.redirect.server.connection import Connection, Tick
from app.redirect.server.listener import Listener, NoRoom
from app.redirect.server.states import SILENT

logger = logging.getLogger(__name__)

#: Most connections accepted in one tick: a burst may neither keep those already connected waiting
#: nor end up at one worker.
ACCEPTS = 4
#: An idle connection gives way to a new one when it has been idle this long.
GIVES_WAY_AFTER_SECONDS = 1.0
#: The part of the limit that gives way at once, so that looking for the oldest is rare.
GIVE_WAY_PART = 16
#: How long a newcomer is left to other workers, before this one takes it all the same.
LEFT_TO_OTHERS_SECONDS = 0.005
#: How long a full worker waits before it looks for room again.
FULL_SECONDS = 0.1


class Acceptor:
    """The listening sockets of a worker.

    At the limit, the connections that have been idle longest give way; if there is none, nobody
    is let in until there is room, and newcomers wait in the kernel's backlog, where another
    worker may take them.

    Args:
        tick: shared by the worker's connections.
        fallbacks: connections that gunicorn's own handler serves, to be counted.
        capacity: most connections at once.
        slot: what other workers know of this one's connections, and it of theirs.
    """

    def __init__(
        self,
        tick: Tick,
        listeners: Sequence[Listener],
        fallbacks: Sized,
        capacity: int,
        slot: WorkerSlot,
    ) -> None:
        self._tick = tick
        self._fallbacks = fallbacks
        self._listeners = {listener.fd: listener for listener in listeners}
        self._capacity = capacity
        self._slot = slot
        self._reopener = tick.hub.loop.timer(0)
        self._is_open = False
        self._is_left_to_others = False

    def __len__(self) -> int:
        """Return how many connections are open, those left to gunicorn included."""
        return len(self._tick.connections) + len(self._fallbacks)

    def open(self) -> None:
        """Start or go on accepting."""
        if not self._is_open:
            self._is_open = True
            for fd in self._listeners:
                self._tick.poll.register(fd, EPOLLIN)

    def report(self, now: float) -> None:
        """Tell the other workers how many are in; once a second."""
        if self._listeners:
            self._slot.tell(len(self), now)

    def close(self) -> None:
        """Let in those who have already knocked, then close the listening sockets."""
        self._slot.leave()
        self._reopener.stop()
        self._pause()
        for listener in self._listeners.values():
            self._accept(listener, self._capacity)
            listener.close()
        self._listeners.clear()

    def accept(self, fd: int, now: float) -> None:
        """Accept newcomers at a listening socket, or leave them waiting.

        Args:
            fd: what epoll reported; anything but a listening socket is a stale report.
            now: time.monotonic().
        """
        listener = self._listeners.get(fd)
        if listener is None:
            return
        if not self._is_left_to_others and self._slot.is_exceeded(len(self), now):
            self._is_left_to_others = True
            self._pause_for(LEFT_TO_OTHERS_SECONDS)
            return
        self._is_left_to_others = False
        room = self._capacity - len(self)
        if room <= 0 or not self._accept(listener, min(room, ACCEPTS)):
            self._make_room(now)
        self._slot.tell(len(self), now)

    def _accept(self, listener: Listener, most: int) -> bool:
        try:
            for sock, peer in listener.accept(most):
                Connection(self._tick, listener, sock, peer)
        except NoRoom as error:
            logger.warning("can't accept connections: %s", error)
            return False
        return True

    def _make_room(self, now: float) -> None:
        most = max(1, self._capacity // GIVE_WAY_PART)
        leaving = longest_idle(self._tick.connections.values(), most, now - GIVES_WAY_AFTER_SECONDS)
        for connection in leaving:
            connection.close()
        if not leaving:
            self._pause_for(FULL_SECONDS)

    def _pause_for(self, seconds: float) -> None:
        self._pause()
        self._reopener = self._tick.hub.loop.timer(seconds)
        self._reopener.start(self.open)

    def _pause(self) -> None:
        if self._is_open:
            self._is_open = False
            for fd in self._listeners:
                self._tick.poll.unregister(fd)


def longest_idle(connections: Iterable[Connection], most: int, before: float) -> list[Connection]:
    """Return the connections idle longest, those apart that became so after a time."""
    idle = (
        connection
        for connection in connections
        if connection.state & SILENT and connection.since <= before
    )
    return nsmallest(most, idle, key=lambda connection: connection.since)
