"""Who may come in: accepting connections, up to a limit."""

import logging
from collections.abc import Callable, Sequence
from heapq import nsmallest
from select import EPOLLIN, epoll
from typing import Any

from app.redirect.connection import IDLE, NEW, Connection
from app.redirect.listener import Listener, NoRoom

logger = logging.getLogger(__name__)

#: Most connections accepted in one turn: a burst may not keep those already connected waiting.
#: With other workers beside it, a worker takes few at a time, so that each gets its share.
ACCEPT_ALONE = 64
ACCEPT_AMONG_OTHERS = 2
#: An idle connection gives way to a new one when it has been idle this long.
GIVES_WAY_AFTER_SECONDS = 1.0
#: Connections that give way at once, so that looking for the oldest is rare.
GIVE_WAY_SHARE = 16

Admit = Callable[[Listener, Any, tuple[Any, ...]], None]


class Door:
    """The listening sockets of a worker.

    At the limit, the connections that have been idle longest give way; if there is none, nobody
    is let in until there is room, and newcomers wait in the kernel's backlog, where another
    worker may take them.

    Args:
        poll: what the worker waits on.
        capacity: most connections at once.
        most_in_a_turn: most that are accepted in one turn.
        admit: takes each newcomer.
    """

    def __init__(
        self,
        poll: epoll,
        listeners: Sequence[Listener],
        capacity: int,
        most_in_a_turn: int,
        admit: Admit,
    ) -> None:
        self._epoll = poll
        self._listeners = {listener.fd: listener for listener in listeners}
        self._capacity = capacity
        self._most = most_in_a_turn
        self._admit = admit
        self._is_open = False

    def open(self) -> None:
        """Start or go on accepting."""
        if not self._is_open:
            self._is_open = True
            for fd in self._listeners:
                self._epoll.register(fd, EPOLLIN)

    def pause(self) -> None:
        """Leave newcomers in the backlog."""
        if self._is_open:
            self._is_open = False
            for fd in self._listeners:
                self._epoll.unregister(fd)

    def shut(self) -> None:
        """Let in those who have already knocked, then close the listening sockets."""
        self.pause()
        for listener in self._listeners.values():
            self._accept(listener, self._capacity)
            listener.close()
        self._listeners.clear()

    def answer(self, fd: int, taken: int) -> bool:
        """Accept newcomers at a listening socket; False when there is no room for them.

        Args:
            fd: what epoll reported; anything but a listening socket is a stale report.
            taken: connections now held.
        """
        listener = self._listeners.get(fd)
        if listener is None:
            return True
        room = self._capacity - taken
        return room > 0 and self._accept(listener, min(room, self._most))

    def _accept(self, listener: Listener, most: int) -> bool:
        try:
            for sock, peer in listener.accept(most):
                self._admit(listener, sock, peer)
        except NoRoom as error:
            logger.warning("can't accept connections: %s", error)
            return False
        return True

    def who_gives_way(self, connections: Sequence[Connection], now: float) -> list[Connection]:
        """Return the connections idle longest, to be closed in favour of newcomers."""
        before = now - GIVES_WAY_AFTER_SECONDS
        idle = [
            connection
            for connection in connections
            if connection.state in (NEW, IDLE) and connection.since <= before
        ]
        most = max(1, self._capacity // GIVE_WAY_SHARE)
        return nsmallest(most, idle, key=lambda connection: connection.since)
