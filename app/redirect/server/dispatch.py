"""Dispatcher that has requests answered by an application's fast lane, by WSGI, or by gunicorn."""

import logging
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any, Protocol

from greenlet import getcurrent, greenlet
from gunicorn_h1c import HttpRequest

from app.redirect.server.connection import ClientGone, Connection
from app.redirect.server.environ import EnvironBuilder
from app.redirect.server.fast_parser import PlainReader
from app.redirect.server.request_parser import Limits, check_coding, is_unusual
from app.redirect.server.states import BUSY
from app.redirect.server.wsgi_response import Application, WsgiResponse

logger = logging.getLogger(__name__)

#: Greenlets kept for further requests; more are made when needed and let go afterwards.
KEPT_GREENLETS = 512

LogAccess = Callable[[WsgiResponse, dict[str, Any], timedelta], None]


class Reply(Protocol):
    """Answers one request; the connection adds Server, Date and, where needed, Connection."""

    def __call__(self, status_line: bytes, rest: bytes) -> None:
        r"""Queue the answer, to be sent with all others of this tick of the event loop.

        Never blocks, does nothing when the client has gone, may be called from any greenlet.

        Args:
            status_line: e.g. ``b"HTTP/1.1 302 Found\r\n"``.
            rest: the other header lines, the empty line and the body, framed by Content-Length
                unless the status has no body.

        Raises:
            RuntimeError: when the request was answered before.
        """


class FastLane(Protocol):
    """What an application may offer as its attribute ``fast_lane``: answers without WSGI.

    It is called for plain requests (see :mod:`app.redirect.server.fast_parser`), one after the
    other on each connection.

    Attributes:
        positions: the header fields that it wants, see
            :class:`~app.redirect.server.fast_parser.PlainReader`.
    """

    positions: dict[bytes, int]

    def __call__(
        self,
        path: bytes,
        query: bytes,
        values: list[bytes | None],
        peer: tuple[Any, ...],
        reply: Reply,
    ) -> bool:
        """Take a request, or decline it (False) so that it goes through WSGI.

        Runs inside the event loop's callback: must not block or switch greenlets. If it raises,
        the error is logged and the request goes through WSGI, unless it was answered.

        Args:
            path: as it was sent, percent signs and all.
            query: what follows the question mark.
            values: of the fields in their positions, None for absent ones; may be changed.
            peer: the client's address and port; empty behind a Unix socket.
            reply: to be called exactly once, now or later, if the request is taken, and not at
                all if it is declined.

        Returns:
            True when the request is taken.
        """


class WsgiHandler:
    """Runs a WSGI application for each request, in greenlets that are kept and reused.

    A request that waits (for Redis, say) switches to the hub, and the others go on. Making a
    greenlet for each request would cost more than Falcon itself does.
    """

    def __init__(self, app: Application, hub: Any, log_access: LogAccess | None = None) -> None:
        self._app = app
        self._hub = hub
        self._log_access = log_access
        self._free: list[greenlet] = []

    def run(self, connection: Connection, environ: dict[str, Any]) -> None:
        """Start a request; returns when it is answered or waits for something."""
        worker = self._free.pop() if self._free else greenlet(self._serve_all, self._hub)
        worker.switch(connection, environ)

    def _serve_all(self, connection: Connection, environ: dict[str, Any]) -> None:
        while True:
            self._serve(connection, environ)
            if len(self._free) >= KEPT_GREENLETS:
                return
            self._free.append(getcurrent())
            connection, environ = self._hub.switch()

    def _serve(self, connection: Connection, environ: dict[str, Any]) -> None:
        began = monotonic() if self._log_access else 0.0
        answer = WsgiResponse(connection, environ)
        try:
            answer.run(self._app)
        except ClientGone:
            logger.debug("a client left in the middle of %r", environ["RAW_URI"])
        except BaseException:  # one request may not end the worker, not even by exit()
            logger.exception("request failed: %s %r", environ["REQUEST_METHOD"], environ["RAW_URI"])
            answer.fail()
        if self._log_access:
            took = timedelta(seconds=monotonic() - began)
            self._log_access(answer, environ, took)


class PlainHandler:
    """Has plain requests answered by what an application offers.

    Args:
        limits: a request beyond them is not plain.
    """

    def __init__(self, fast: FastLane, limits: Limits) -> None:
        self._fast = fast
        self._read = PlainReader(
            fast.positions, limits.line_bytes, limits.fields, limits.field_bytes, limits.head_bytes
        ).read

    def take(self, connection: Connection) -> bool:
        """Have the request answered that a connection's buffer begins with, if it is plain.

        Returns:
            False when it was not taken; the buffer is then as it was.
        """
        data = connection.buffer
        request = self._read(data)
        if request is None:
            return False
        consumed, closes, path, query, values = request
        connection.begin_plain(consumed, closes)
        try:
            taken = self._fast(path, query, values, connection.peer, connection.reply)
        except Exception:
            logger.exception("the fast lane failed: %r", path)
            taken = connection.state != BUSY
        if not taken:
            connection.buffer = data
        return taken


class Dispatcher:
    """Chooses what answers each request: by ``connection.reply`` or ``write``, now or later.

    Args:
        plain: what plain requests try first, if there is anything.
        environ: builds the environ for WSGI.
        hand_over: gives a connection, with the bytes it has sent, to gunicorn's own handler.

    Attributes:
        take_plain: takes the request that a connection's buffer begins with, or leaves it there
            (False). It is a shorter way, asked first if there is one; it may not block or raise.
    """

    def __init__(
        self,
        plain: PlainHandler | None,
        wsgi: WsgiHandler,
        environ: EnvironBuilder,
        hand_over: Callable[[Connection, bytes], None],
    ) -> None:
        self.take_plain = plain.take if plain else None
        self._wsgi = wsgi
        self._environ = environ
        self._hand_over = hand_over

    def dispatch(self, connection: Connection, request: HttpRequest, head: bytes) -> None:
        """Have a request answered that is not plain, or was left; may not block.

        Args:
            head: the bytes that begin with the request and may go on with the next.

        Raises:
            Refused: for a request that can't be served.
        """
        if is_unusual(request):
            check_coding(request)
            self._hand_over(connection, head)
            return
        environ = self._environ.build(head, request, connection.peer, connection.listener.server)
        self._wsgi.run(connection, environ)
