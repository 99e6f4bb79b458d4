"""Account of recording: which clicks the last master's stream holds, and when they came there."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from redis import Redis

from tests.chaos.visitors.client_log import REFERRER

_READ_AT_ONCE = 5_000
_PREFIX = REFERRER.encode()


class Entry(NamedTuple):
    """One entry of a numbered click, at the Unix time in milliseconds that its id tells."""

    at_ms: int
    number: int


class Gap(NamedTuple):
    """A span in which nothing was recorded, in Unix milliseconds."""

    from_ms: int
    to_ms: int

    @property
    def seconds(self) -> float:
        return (self.to_ms - self.from_ms) / 1000


def read_entries(client: Redis, stream: str) -> list[Entry]:
    """Return the entries of visitors' clicks, in the stream's order."""
    return [
        Entry(int(entry_id.partition(b"-")[0]), int(referrer.removeprefix(_PREFIX)))
        for entry_id, fields in _each_entry(client, stream)
        if (referrer := fields.get(b"referer", b"")).startswith(_PREFIX)
    ]


def firsts(entries: Iterable[Entry]) -> list[Entry]:
    """Return of each click the entry that came first."""
    seen: dict[int, Entry] = {}
    for entry in entries:
        seen.setdefault(entry.number, entry)
    return list(seen.values())


def longest_gap(entries: Iterable[Entry]) -> Gap:
    """Return the longest hole between two entries that follow each other."""
    times = sorted(entry.at_ms for entry in entries)
    holes = (Gap(*pair) for pair in pairwise(times))
    return max(holes, key=lambda gap: gap.to_ms - gap.from_ms, default=Gap(0, 0))


def first_since(entries: Iterable[Entry], at_ms: int) -> int | None:
    """Return when the first click was recorded at or after a time; None for never."""
    return min((entry.at_ms for entry in entries if entry.at_ms >= at_ms), default=None)


def _each_entry(client: Redis, stream: str) -> Iterator[Any]:
    start: Any = "-"
    while page := client.xrange(stream, start, "+", _READ_AT_ONCE):
        yield from page
        start = b"(" + page[-1][0]
