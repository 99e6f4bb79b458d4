"""The visitors: a process that sends numbered clicks at a rate and writes down what was answered.

``python -m tests.chaos.load --port PORT --rate CLICKS_PER_SECOND --log FILE CODE…``

Connections are kept alive. Nothing is sent twice: a click whose redirect doesn't come is given up,
and its number is not used again. SIGTERM lets what is under way end.
"""

import argparse
import itertools
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import gevent
from gevent import socket

from app.local.ports import LOOPBACK
from tests.chaos.client_log import REFERRER, Sent, write

CONNECTIONS = 48
#: Patience of a visitor; a worker that only sleeps for some seconds still answers.
_PATIENCE_SECONDS = 8.0
_RECONNECT_SECONDS = 0.05
_FLUSH_SECONDS = 0.2
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
#: One click in so many goes to the first code, which the watch looks at.
_PULSE_EVERY = 50


class NoAnswer(Exception):
    """The connection broke, or nothing came in time."""


class Visitors:
    """Sends clicks over a number of connections until told to stop."""

    def __init__(self, port: int, codes: list[str], rate: float, log: TextIO) -> None:
        self._port = port
        self._codes = codes
        self._log = log
        self._turns = _turns(rate)
        self._is_over = False

    def run(self) -> None:
        """Send until :meth:`stop`; then wait for the answers that are due."""
        visitors = [gevent.spawn(self._visit) for _ in range(CONNECTIONS)]
        while not self._is_over:
            gevent.sleep(_FLUSH_SECONDS)
            self._log.flush()
        gevent.joinall(visitors)
        self._log.flush()

    def stop(self) -> None:
        """Send nothing more."""
        self._is_over = True

    def _visit(self) -> None:
        while not self._is_over:
            try:
                with socket.create_connection((LOOPBACK, self._port), _PATIENCE_SECONDS) as one:
                    one.settimeout(_PATIENCE_SECONDS)
                    self._click_through(one)
            except (OSError, NoAnswer):
                gevent.sleep(_RECONNECT_SECONDS)

    def _click_through(self, connection: socket.socket) -> None:
        while not self._is_over:
            number, due_at = next(self._turns)
            gevent.sleep(max(0.0, due_at - time.monotonic()))
            sent_ms, answered_ms = _now_ms(), 0
            try:
                if _exchange(connection, self._request(number)):
                    answered_ms = _now_ms()
            finally:
                write(self._log, Sent(number, sent_ms, answered_ms))

    def _request(self, number: int) -> bytes:
        pulse, *others = self._codes
        code = others[number % len(others)] if number % _PULSE_EVERY else pulse
        return (
            f"GET /{code} HTTP/1.1\r\nHost: chaos.example\r\nUser-Agent: {_BROWSER}\r\n"
            f"Referer: {REFERRER}{number}\r\n\r\n"
        ).encode()


def _exchange(connection: socket.socket, request: bytes) -> bool:
    """Send a request; return whether a redirect came back.

    Raises:
        OSError, NoAnswer: no answer came.
    """
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(65536)
        if not piece:
            raise NoAnswer
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    left = _content_length(head) - len(body)
    while left > 0:
        piece = connection.recv(65536)
        if not piece:
            raise NoAnswer
        left -= len(piece)
    is_redirect = head.startswith(b"HTTP/1.1 3")
    if b"connection: close" in head.lower():
        connection.close()
    return is_redirect


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _turns(rate: float) -> Iterator[tuple[int, float]]:
    """Yield numbers from 1, and the monotonic time at which each is due."""
    begun_at = time.monotonic()
    for number in itertools.count(1):
        # Visitors that nobody could serve have gone; they don't all come at once later.
        begun_at = max(begun_at, time.monotonic() - number / rate - 1.0)
        yield number, begun_at + number / rate


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.load")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("codes", nargs="+")
    given = parser.parse_args()
    with given.log.open("w") as log:
        visitors = Visitors(given.port, given.codes, given.rate, log)
        gevent.signal_handler(signal.SIGTERM, visitors.stop)
        visitors.run()


if __name__ == "__main__":
    main()
