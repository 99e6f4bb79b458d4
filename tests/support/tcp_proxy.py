"""TCP proxies that hold back, delay or cut what goes through them, or lead to another server."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

GIVE_UP_SECONDS = 60.0
_PIECE_BYTES = 1 << 18
_CONNECT_SECONDS = 5.0


class HungUp(Exception):
    """A connection is to be cut; what of the piece still gets through stands in it."""

    def __init__(self, rest: bytes) -> None:
        super().__init__()
        self.rest = rest


class Conversation:
    """A client's connection and ours to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._sockets = (client, server)
        self.ways = ((client, server, False), (server, client, True))
        for one in self._sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Hang up on both."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class TcpProxy:
    """Stands between clients and a server of this machine, as a context manager."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._flows = threading.Event()
        self._flows.set()
        self._late_seconds = 0.0

    @property
    def port(self) -> int:
        """Where clients connect to."""
        return int(self._listener.getsockname()[1])

    @property
    def redis_url(self) -> str:
        """Where clients find a Redis behind it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        _in_background(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._flows.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def lead_to(self, server_port: int) -> None:
        """Lead new connections to another server, as a name does that moves; old ones stay."""
        self._server_port = server_port

    @property
    def is_stalled(self) -> bool:
        """Whether nothing gets through."""
        return not self._flows.is_set()

    def stall(self) -> None:
        """Let nothing through in either direction, as a network does that is gone."""
        self._flows.clear()

    def flow(self) -> None:
        """Deliver what was held back, and all that comes."""
        self._flows.set()

    def delay(self, seconds: float) -> None:
        """Deliver each piece so much later, as a network does that is far or crowded."""
        self._late_seconds = seconds

    def _look(self, conversation: Conversation, piece: bytes, *, is_reply: bool) -> None:
        """See a piece before it is passed on, which waits for this; raise HungUp to cut."""

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                _in_background(lambda client=client: self._converse(client))

    def _converse(self, client: socket.socket) -> None:
        self._flows.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port), _CONNECT_SECONDS)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        conversation = Conversation(client, server)
        for way in conversation.ways:
            _in_background(lambda way=way: self._pass_on(conversation, *way))

    def _pass_on(
        self, conversation: Conversation, source: socket.socket, to: socket.socket, is_reply: bool
    ) -> None:
        with contextlib.suppress(OSError):
            try:
                while piece := source.recv(_PIECE_BYTES):
                    self._flows.wait()
                    time.sleep(self._late_seconds)
                    self._look(conversation, piece, is_reply=is_reply)
                    to.sendall(piece)
            except HungUp as cut:
                to.sendall(cut.rest)
        conversation.close()


class Cut:
    """One connection to be cut, at the first command that contains a marker.

    Args:
        is_reply: whether the server gets the command whole and its reply is lost; else the command
            is.
        share: of the piece in question that still gets through, from 0 to 1.
        spared: pieces of the reply that get through before.
    """

    def __init__(self, marker: bytes, *, is_reply: bool, share: float, spared: int = 0) -> None:
        self.has_happened = False
        self._marker = marker
        self._is_reply = is_reply
        self._share = share
        self._spared = spared
        self._asked: Conversation | None = None

    def look(self, conversation: Conversation, piece: bytes, *, is_reply: bool) -> None:
        """Cut the connection, with HungUp, if this piece is the one; it is at most once."""
        if self.has_happened:
            return
        if not is_reply and self._asked is None and self._marker in piece:
            self._asked = conversation
            self.has_happened = not self._is_reply
        elif is_reply and self._is_reply and self._asked is conversation:
            self.has_happened = self._spared == 0
            self._spared -= 1
        if self.has_happened:
            raise HungUp(piece[: int(len(piece) * self._share)])


class CuttingProxy(TcpProxy):
    """Cuts one connection when it is armed for that."""

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self._cut: Cut | None = None

    def arm(self, cut: Cut) -> None:
        """Wait for the moment of a cut."""
        self._cut = cut

    def disarm(self) -> None:
        """Cut nothing any more."""
        self._cut = None

    def _look(self, conversation: Conversation, piece: bytes, *, is_reply: bool) -> None:
        if self._cut is not None:
            self._cut.look(conversation, piece, is_reply=is_reply)


class HoldingProxy(TcpProxy):
    """Holds the first piece of a client's that contains a marker, until it is released.

    Args:
        marker: must not be torn apart by the client's writes.
    """

    def __init__(self, server_port: int, marker: bytes | None) -> None:
        super().__init__(server_port)
        self._marker = marker
        self.held = threading.Event()
        self.released = threading.Event()

    def __exit__(self, *details: object) -> None:
        self.released.set()
        super().__exit__(*details)

    def _look(self, conversation: Conversation, piece: bytes, *, is_reply: bool) -> None:
        if not is_reply and self._is_marked(piece):
            self.released.wait(GIVE_UP_SECONDS)

    def _is_marked(self, piece: bytes) -> bool:
        """Tell whether this piece is the one; it is at most once."""
        if self._marker is None or self._marker not in piece:
            return False
        self._marker = None
        self.held.set()
        return True


class AnswerHoldingProxy(HoldingProxy):
    """Passes on what clients send, but no answers from the first piece on that contains a marker.

    It begins to look when it is armed, which forgets what was before.
    """

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port, None)

    def arm(self, marker: bytes) -> None:
        self.held.clear()
        self.released.clear()
        self._marker = marker

    def _look(self, conversation: Conversation, piece: bytes, *, is_reply: bool) -> None:
        if not is_reply:
            self._is_marked(piece)
        elif self.held.is_set():
            self.released.wait(GIVE_UP_SECONDS)


def _in_background(step: Callable[[], None]) -> None:
    threading.Thread(target=step, daemon=True).start()
