"""Measures what visitors notice while tens of thousands of clicks are sent again.

``python -m tests.support.redirect.retransmission [CLICKS] [OUTAGE]...`` fills the memory for the
last confirmed clicks, kills Valkey, takes all of these off its append-only file, and starts it
again after each outage (seconds); it prints the slowest visitor from the kill on until all are
stored, and how many clicks are lost.
"""

import argparse
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from redis import Redis

from app.links.link import Link, encode
from app.processes.child import wait_for
from app.stores.keys import link_key
from tests.support.redirect_servers import REAL_BUDGETS, RedirectServer
from tests.support.servers import RedisServer

_CLICKS = 40_000
_OUTAGES = (0.0, 1.0, 5.0, 15.0)
_CONNECTIONS = 8
#: Requests that leave together over one connection.
_TOGETHER = 10
_SECONDS_PER_VISIT = 0.005
_STORED_WITHIN_SECONDS = 120.0
_LINK = Link(code="demo", target="https://target.example/", created_ms=1, updated_ms=1)
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


class Visitor:
    """One keep-alive connection, whose clicks bear numbers in their referrers."""

    def __init__(self, port: int, name: str) -> None:
        self._name = name
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.answered = 0

    def visit(self, count: int = 1) -> float:
        """Ask so many times at once; return after how many seconds all are answered."""
        began = time.perf_counter()
        self.ask(count)
        self.receive(count)
        return time.perf_counter() - began

    def ask(self, count: int) -> None:
        """Ask so many times at once."""
        numbers = range(self.answered, self.answered + count)
        requests = "".join(
            f"GET /demo HTTP/1.1\r\nHost: a\r\nUser-Agent: {_BROWSER}\r\n"
            f"Referer: https://v.example/{self._name}-{number}\r\n\r\n"
            for number in numbers
        )
        self._socket.sendall(requests.encode())

    def receive(self, count: int) -> None:
        """Wait until so many are answered."""
        received = b""
        while received.count(b"HTTP/1.1 302") < count or not received.endswith(b"\r\n\r\n"):
            received += self._socket.recv(65536)
        self.answered += count

    @property
    def names(self) -> set[str]:
        """What the stored clicks have to be called."""
        return {f"{self._name}-{number}" for number in range(self.answered)}


def main(clicks: int, outages: tuple[float, ...]) -> int:
    """Print a line for each outage; return 1 if a click is lost."""
    lost = 0
    for outage_seconds in outages:
        slowest_seconds, missing = _measure(clicks, outage_seconds)
        lost += missing
        print(  # noqa: T201 - the program's output
            f"{clicks} clicks to send again, Valkey away for {outage_seconds:g} s:"
            f" slowest visitor {slowest_seconds * 1000:.0f} ms, {missing} clicks lost"
        )
    return int(lost > 0)


def _measure(clicks: int, outage_seconds: float) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as name, RedisServer(Path(name) / "valkey") as redis:
        with Redis.from_url(redis.url) as client:
            client.set(link_key(_LINK.code), encode(_LINK))
        log = next((redis.directory / "appendonlydir").glob("*.incr.aof"))
        on_disk = log.stat().st_size
        with RedirectServer(
            Path(name) / "redirect", redis.url, resend_seconds=600, **REAL_BUDGETS
        ) as redirect:
            crowd = [Visitor(redirect.port, str(number)) for number in range(_CONNECTIONS)]
            _fill(crowd, clicks)
            probe, is_over, waits = Visitor(redirect.port, "probe"), threading.Event(), [0.0]
            probing = threading.Thread(target=_probe, args=(probe, is_over, waits))
            probing.start()
            redis.kill()
            with log.open("r+b") as file:
                file.truncate(on_disk)
            time.sleep(outage_seconds)
            redis.start()
            wait_for(lambda: _stored_count(redis) >= clicks, _STORED_WITHIN_SECONDS)
            is_over.set()
            probing.join()
            due = set().union(probe.names, *(each.names for each in crowd))
            wait_for(lambda: not due - _stored(redis), 60)
            return max(waits), len(due - _stored(redis))


def _fill(crowd: list[Visitor], clicks: int) -> None:
    for _ in range(clicks // len(crowd) // _TOGETHER):
        for each in crowd:
            each.visit(_TOGETHER)


def _probe(visitor: Visitor, is_over: threading.Event, waits: list[float]) -> None:
    while not is_over.wait(_SECONDS_PER_VISIT):
        waits.append(visitor.visit())


def _stored_count(redis: RedisServer) -> int:
    with Redis.from_url(redis.url) as client:
        return int(client.xlen("clicks:stream"))


def _stored(redis: RedisServer) -> set[str]:
    with Redis.from_url(redis.url) as client:
        entries = client.xrange("clicks:stream")
    return {fields[b"referer"].decode().rpartition("/")[2] for _, fields in entries}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.support.redirect.retransmission")
    parser.add_argument("clicks", nargs="?", type=int, default=_CLICKS)
    parser.add_argument("outage_seconds", nargs="*", type=float, default=_OUTAGES)
    options = parser.parse_args()
    sys.exit(main(options.clicks, tuple(options.outage_seconds)))
