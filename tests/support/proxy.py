"""TCP proxies that hold back what one side sends, at the moment that a test has chosen."""

import contextlib
import socket
import threading
from typing import Self

GIVE_UP_SECONDS = 60.0


_NEVER_SENT = b"\0no client sends this\0"


class HoldingProxy:
    """Passes everything on, but holds the first piece of a client's that contains a marker.

    Args:
        port: of the server on this machine.
        marker: bytes to hold; they must not be torn apart by the client's writes.
    """

    def __init__(self, port: int, marker: bytes) -> None:
        self._upstream = port
        self._marker = marker
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._is_armed = True
        self.held = threading.Event()
        self.released = threading.Event()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._upstream))
                self._sockets += (client, server)
                for source, target in ((client, server), (server, client)):
                    pair = (source, target, source is client)
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_client: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 20):
                self._look(piece, is_client)
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _look(self, piece: bytes, is_client: bool) -> None:
        if is_client and self._is_armed and self._marker in piece:
            self._is_armed = False
            self.held.set()
            self.released.wait(GIVE_UP_SECONDS)


class LeadingProxy(HoldingProxy):
    """Passes everything on, to one server now and to another then, as a virtual address may.

    Connections stay with the server that they were made to.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port, _NEVER_SENT)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def lead_to(self, port: int) -> None:
        """Lead new connections to another server on this machine."""
        self._upstream = port


class AnswerHoldingProxy(HoldingProxy):
    """Passes on what clients send, but no answers from the first piece on that contains a marker.

    It begins to look when it is armed, which forgets what was before.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port, b"")
        self._is_armed = False

    def arm(self, marker: bytes) -> None:
        self.held.clear()
        self.released.clear()
        self._marker = marker
        self._is_armed = True

    def _look(self, piece: bytes, is_client: bool) -> None:
        if not is_client:
            if self.held.is_set():
                self.released.wait(GIVE_UP_SECONDS)
        elif self._is_armed and self._marker in piece:
            self._is_armed = False
            self.held.set()
