"""Visitors: a process that sends numbered clicks at a rate and writes down what was answered.

Its options are :class:`~tests.chaos.visitors.process.VisitorProcess`'s to give.

Connections are kept alive. Nothing is sent twice: a click whose redirect doesn't come is given up,
and its number is not used again. SIGTERM lets what is under way end.
"""

import argparse
import json
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

import gevent
from gevent import socket

from tests.chaos.visitors import requests
from tests.chaos.visitors.behaviour import Behaviour, read_behaviour
from tests.chaos.visitors.client_log import Sent, Stall, now_ms, write, write_stall
from tests.chaos.visitors.codes import code_of, is_limited, version_of

CONNECTIONS = 48
_RECONNECT_SECONDS = 0.05
_FLUSH_SECONDS = 0.2
#: Direct visitors come from here, and so are nobody's proxy.
_STRANGER = "127.0.0.2"
_LOOK_SECONDS = 0.005
_LATE_SECONDS = 0.010
_SCATTER = 7919
_IDLE_WAY = "nginx"
_PING = b"GET /-/chaos HTTP/1.1\r\nHost: chaos.example\r\n\r\n"


class NoAnswer(Exception):
    """The connection broke, or nothing came in time."""


class Answer(NamedTuple):
    """What a visitor got: a status, and where to go; None where it is no redirect."""

    status: int
    location: str | None


class Visitors:
    """Sends clicks over a number of connections until told to stop.

    Args:
        ways: names and addresses (``HOST:PORT``) of where visitors come in; each has as many
            connections.
        codes: what they follow by turns; those of :mod:`tests.chaos.visitors.codes` if empty.
        patience_seconds: after which a visitor gives up.
        behaviour: file that says how many come and what they do; see :class:`Behaviour`.
    """

    def __init__(
        self,
        ways: dict[str, str],
        rate: float,
        log: TextIO,
        behaviour: Path,
        codes: Sequence[str],
        patience_seconds: float,
    ) -> None:
        self._ways = list(ways.items())
        self._codes = codes
        self._log = log
        self._behaviour_path = behaviour
        self._behaviour = Behaviour()
        self._rate = rate
        self._patience_seconds = patience_seconds
        self._turns = self._each_turn()
        self._is_over = False

    def run(self) -> None:
        """Send until :meth:`stop`; then wait for the answers that are due."""
        visitors = [
            gevent.spawn(self._visit, *self._ways[place % len(self._ways)])
            for place in range(CONNECTIONS)
        ]
        gevent.spawn(self._watch_ourselves)
        gevent.spawn(self._watch_the_machine)
        while not self._is_over:
            gevent.sleep(_FLUSH_SECONDS)
            self._behaviour = read_behaviour(self._behaviour_path)
            self._log.flush()
        gevent.joinall(visitors)
        self._log.flush()

    def stop(self) -> None:
        """Send nothing more."""
        self._is_over = True

    def _watch_ourselves(self) -> None:
        """Write down when this process didn't get its turn: those waits are nobody else's."""
        while True:
            due_at, due_ms = time.monotonic() + _LOOK_SECONDS, now_ms()
            gevent.sleep(_LOOK_SECONDS)
            if time.monotonic() > due_at + _LATE_SECONDS:
                write_stall(self._log, Stall(due_ms, now_ms()))

    def _watch_the_machine(self) -> None:
        """Write down when a server that has nothing to do but answer was late as well.

        That is nginx, where it refuses what is not for visitors.
        """
        bind = dict(self._ways).get(_IDLE_WAY)
        while bind is not None:
            try:
                with _connect(_IDLE_WAY, bind, self._patience_seconds) as one:
                    self._ping(one)
            except (OSError, NoAnswer):
                gevent.sleep(_RECONNECT_SECONDS)

    def _ping(self, connection: socket.socket) -> None:
        while True:
            gevent.sleep(_LOOK_SECONDS)
            begun_at, begun_ms = time.monotonic(), now_ms()
            _exchange(connection, _PING)
            if time.monotonic() > begun_at + _LATE_SECONDS:
                write_stall(self._log, Stall(begun_ms, now_ms()))

    def _visit(self, via: str, bind: str) -> None:
        while not self._is_over:
            try:
                with _connect(via, bind, self._patience_seconds) as one:
                    self._click_through(one, via)
            except (OSError, NoAnswer):
                gevent.sleep(_RECONNECT_SECONDS)

    def _click_through(self, connection: socket.socket, via: str) -> None:
        while not self._is_over and not connection.closed:
            number, due_at = next(self._turns)
            gevent.sleep(max(0.0, due_at - time.monotonic()))
            code = self._code(number)
            request = self._request(code, number)
            sent_ms, sent_at = now_ms(), time.monotonic()
            late_ms = (sent_at - due_at) * 1000
            answered_ms, version, status = 0, 0, 0
            try:
                status, location = _exchange(connection, request)
                if location is not None:
                    answered_ms, version = now_ms(), version_of(location)
            finally:
                waited_ms = (time.monotonic() - sent_at) * 1000
                where = (via, code, version)
                write(
                    self._log,
                    Sent(number, sent_ms, answered_ms, waited_ms, *where, late_ms, status),
                )

    def _code(self, number: int) -> str:
        return self._codes[number % len(self._codes)] if self._codes else code_of(number)

    def _request(self, code: str, number: int) -> bytes:
        # Scattered, so that hostile visitors follow links of every kind.
        is_hostile = number * _SCATTER % 1000 < self._behaviour.hostile * 1000
        # What looks like a bot uses up no limit, so that the count of those would be off.
        if is_hostile and not is_limited(code):
            return requests.hostile(code, number)
        return requests.ordinary(code, number)

    def _each_turn(self) -> Iterator[tuple[int, float]]:
        """Yield numbers from 1, and the monotonic time at which each is due."""
        due_at = time.monotonic()
        number = 0
        while True:
            number += 1
            due_at += 1 / (self._rate * self._behaviour.crowd)
            # Visitors that nobody could serve have gone; they don't all come at once later.
            due_at = max(due_at, time.monotonic() - 1.0)
            yield number, due_at


def _connect(via: str, bind: str, patience_seconds: float) -> socket.socket:
    source = (_STRANGER, 0) if via == "direct" else None
    address, _, port = bind.rpartition(":")
    connection = socket.create_connection((address, int(port)), patience_seconds, source)
    connection.settimeout(patience_seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _exchange(connection: socket.socket, request: bytes) -> Answer:
    """Send a request, and return what was answered.

    Raises:
        OSError, NoAnswer: no answer came.
    """
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _receive(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    left = int(_header(head, b"content-length") or 0) - len(body)
    while left > 0:
        left -= len(_receive(connection))
    if (_header(head, b"connection") or b"").lower() == b"close":
        connection.close()
    digits = head.partition(b" ")[2][:3]
    status = int(digits) if digits.isdigit() else 0
    is_redirect = 300 <= status < 400
    location = (_header(head, b"location") or b"").decode(errors="replace")
    return Answer(status, location if is_redirect else None)


def _receive(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise NoAnswer
    return piece


def _header(head: bytes, wanted: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == wanted:
            return value.strip()
    return None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.visitors.load_generator")
    parser.add_argument("--ways", type=json.loads, required=True, help="of each where, as JSON")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--behaviour", type=Path, required=True)
    parser.add_argument("--codes", type=json.loads, default=(), help="to follow, as JSON")
    parser.add_argument("--patience", type=float, required=True, help="of a visitor, in seconds")
    given = parser.parse_args()
    with given.log.open("w") as log:
        visitors = Visitors(
            given.ways, given.rate, log, given.behaviour, given.codes, given.patience
        )
        gevent.signal_handler(signal.SIGTERM, visitors.stop)
        visitors.run()


if __name__ == "__main__":
    main()
