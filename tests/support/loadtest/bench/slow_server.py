"""A redirect server with known faults, in threads of the test."""

import itertools
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

FOUND = b"HTTP/1.1 302 Found\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is wrong with the server.

    Attributes:
        delay_seconds: what each request takes.
        stall_at: the request at which the whole server stands still for a second.
        answer: given the number of the request, how to answer it; None hangs up instead.
        pieces: parts in which each answer is sent.
    """

    delay_seconds: float = 0
    stall_at: int = 0
    answer: Callable[[int], bytes | None] = lambda _: FOUND
    pieces: int = 1


@contextmanager
def serving(**faults) -> Iterator[int]:
    """Serve on a free port, which is given, until the clients are gone."""
    with _Server(Faults(**faults)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


class _Server(socketserver.ThreadingTCPServer):
    request_queue_size = 256

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._numbers = itertools.count(1)
        self._gate = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Conversation)

    def admit(self) -> int:
        """Number a request; all others wait while the server stalls."""
        with self._gate:
            number = next(self._numbers)
            if number == self.faults.stall_at:
                time.sleep(1)
        return number


class _Conversation(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        try:
            while self._read_request() and self._answer():
                pass
        except ConnectionError:
            return

    def _read_request(self) -> bool:
        lines = iter(self.rfile.readline, b"")
        return any(line == b"\r\n" for line in lines)

    def _answer(self) -> bool:
        faults = self.server.faults
        number = self.server.admit()
        time.sleep(faults.delay_seconds)
        response = faults.answer(number)
        if response is None:
            return False
        size = -(-len(response) // faults.pieces)
        for start in range(0, len(response), size):
            self.wfile.write(response[start : start + size])
            time.sleep(0.001 if faults.pieces > 1 else 0)
        return True
