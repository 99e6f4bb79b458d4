"""Traffic that comes in meanwhile, and how soon its clicks are seen: a process of its own."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection

import redis
from clickhouse_driver import Client

from loadtest.bench_reports.generated import HOTTEST
from loadtest.bench_reports.seed import STREAM
from loadtest.bench_workers.backlog import send
from loadtest.bench_workers.clicks import Entry, Traffic

PER_SECOND = 1_000

_TICK_SECONDS = 0.01
_LOOK_SECONDS = 0.05
#: Link whose clicks are looked for, and its share of all; half are of the hottest.
_PROBE, _PROBED_OF = "probe", 20
_START_SECONDS = 60.0
_SEEN = """
SELECT click_id FROM clicks WHERE short_code = %(code)s AND time > now64(3) - INTERVAL 60 SECOND
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Clicks that came into sight in a time.

    Attributes:
        sent: clicks of that time, of which one in twenty is looked for.
        ages: seconds from the click to the first query that found it, ascending.
    """

    sent: int
    ages: tuple[float, ...]


class Sender:
    """Adds clicks to the stream at a steady rate, and keeps count."""

    def __init__(self, url: str, per_second: int) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=60)
        self._per_second = per_second
        self._traffic = Traffic()
        self.sent = 0

    def run(self, over: threading.Event) -> None:
        """Send until it is over; what a slow moment kept back is made up for."""
        began = time.monotonic()
        while not over.wait(_TICK_SECONDS):
            due = round((time.monotonic() - began) * self._per_second) - self.sent
            made = self._traffic.clicks(due, time.time_ns() // 1_000_000)
            numbered = enumerate(made, self.sent)
            send(self._redis, STREAM, (of_link(number, entry) for number, entry in numbered))
            self.sent += due


def of_link(number: int, entry: Entry) -> Entry:
    """Return an entry that is of the link whose turn it is."""
    name, code, *rest = entry
    if number % _PROBED_OF == 0:
        code = _PROBE.encode()
    elif number % 2:
        code = HOTTEST.encode()
    return (name, code, *rest)


@contextmanager
def running_traffic(redis_url: str, clickhouse_url: str) -> Iterator["Incoming"]:
    """Have clicks come in inside the ``with`` block."""
    ours, theirs = get_context("spawn").Pipe()
    arguments = (theirs, redis_url, clickhouse_url)
    process = get_context("spawn").Process(target=_run, args=arguments, daemon=True)
    process.start()
    try:
        incoming = Incoming(ours)
        incoming.wait_for_first()
        yield incoming
    finally:
        ours.close()
        process.join(_START_SECONDS)


class Incoming:
    """The traffic as who measures meanwhile asks it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def wait_for_first(self) -> None:
        """Wait until the first clicks are in sight.

        Raises:
            RuntimeError: none ever is.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not self.take().ages:
            if time.monotonic() > deadline:
                raise RuntimeError("no click came into sight: see up.log")
            time.sleep(1)

    def take(self) -> Seen:
        """Return what has happened since this was last asked."""
        self._pipe.send(None)
        seen: Seen = self._pipe.recv()
        return seen


def _run(pipe: Connection, redis_url: str, clickhouse_url: str) -> None:
    sender, over = Sender(redis_url, PER_SECOND), threading.Event()
    thread = threading.Thread(target=sender.run, args=(over,), daemon=True)
    try:
        with Client.from_url(clickhouse_url) as client:
            seen: set[bytes] = set()
            _new_ages(client, seen)  # of what was sent before us
            thread.start()
            _watch(pipe, client, sender, seen)
    except (EOFError, OSError):
        pass  # who asked is gone
    finally:
        over.set()
        if thread.ident:
            thread.join()


def _watch(pipe: Connection, client: Client, sender: Sender, seen: set[bytes]) -> None:
    ages: list[float] = []
    counted, chance, parent = 0, random.Random(1), parent_process()
    while parent and parent.is_alive():
        ages += _new_ages(client, seen)
        if pipe.poll(chance.uniform(0, 2 * _LOOK_SECONDS)):
            pipe.recv()
            sent = sender.sent
            pipe.send(Seen(sent - counted, tuple(sorted(ages))))
            counted, ages = sent, []


def _new_ages(client: Client, seen: set[bytes]) -> Sequence[float]:
    rows = client.execute(_SEEN, {"code": _PROBE}, settings={"strings_as_bytes": True})
    now, new = time.time(), {one for (one,) in rows} - seen
    seen |= new
    return [now - int.from_bytes(one[:6], "big") / 1000 for one in new]
