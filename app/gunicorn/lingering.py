"""Mixin that has a thread of gunicorn wait a moment for the next request of its connection.

gunicorn's threads hand a connection back after each answer: to the loop, by a pipe, and from there
over a queue to another thread. For a program that asks one thing after another that costs more of
the processor than the answers do. A thread that nobody else needs waits for it instead.
"""

import select
from typing import Any

#: How long a thread waits, which is about what a client at the end of a LAN takes.
_LINGER_MS = 5


class Lingering:
    """Mixin for gunicorn's worker with threads; stands before it among the bases."""

    def handle(self, conn: Any) -> Any:
        """Answer a request, and those that follow it at once; return what gunicorn does of it."""
        kept = super().handle(conn)  # type: ignore[misc]  # gunicorn has no types
        # True itself: gunicorn returns an object of its own for what isn't begun yet.
        while kept is True and self._may_linger(conn) and _is_readable(conn.sock):
            kept = super().handle(conn)  # type: ignore[misc]
        return kept

    def _may_linger(self, conn: Any) -> bool:
        """Tell whether no request waits for a thread, and none was read ahead."""
        is_needed = self.tpool._work_queue.qsize() > 0  # type: ignore[attr-defined]
        return self.alive and not is_needed and not conn.parser.unreader.buf.getvalue()  # type: ignore[attr-defined]


def _is_readable(sock: Any) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(_LINGER_MS))
