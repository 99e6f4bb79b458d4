"""Short visits to a gunicorn, one by one and as a load."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable

from tests.support.server.gunicorn_server import Gunicorn
from tests.support.server.raw_client import Reader

QUICK = "tests.support.server.short_timeouts.ShortTimeoutsWorker"
GET = b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n"
ONCE = b"GET /%b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ask(server: Gunicorn, path: bytes = b"f1") -> int:
    with server.connect() as sock:
        sock.sendall(ONCE % path)
        return Reader(sock).next().status


class Load(threading.Thread):
    """Sends requests until told to stop, and counts what comes of them.

    A kept connection that the server closes instead of answering is counted as "closed": HTTP
    allows it between requests, and a client sends the request again.
    """

    def __init__(self, server: Gunicorn, path: bytes, *, keep: bool) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._request = (GET if keep else ONCE) % path
        self._keep = keep
        self._stopped = threading.Event()
        self.outcomes: Counter[str] = Counter()

    def stop(self) -> Counter[str]:
        self._stopped.set()
        self.join(60)
        assert not self.is_alive()
        return self.outcomes

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._server.connect() as sock:
                    self._use(sock)
            except ConnectionRefusedError:
                self.outcomes["refused"] += 1
                return
            except OSError as error:
                self.outcomes[repr(error)] += 1

    def _use(self, sock: socket.socket) -> None:
        reader = Reader(sock)
        while not self._stopped.is_set():
            sock.sendall(self._request)
            answer = reader.next()
            self.outcomes["closed" if answer is None else str(answer.status)] += 1
            if answer is None or answer.headers.get("connection") == "close":
                return


def under_load(server: Gunicorn, path: bytes, *, keep: bool, during: Callable[[], None]):
    clients = [Load(server, path, keep=keep) for _ in range(8)]
    for client in clients:
        client.start()
    wait_for(lambda: all(client.outcomes["302"] > 2 for client in clients))
    during()
    return sum((client.stop() for client in clients), Counter())
