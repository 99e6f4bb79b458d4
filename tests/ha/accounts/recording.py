"""Account of recording: which clicks the last master's stream holds, and when they came there."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from redis import Redis

from tests.chaos.visitors.client_log import REFERRER

_READ_AT_ONCE = 5_000
_PREFIX = REFERRER.encode()
#: In a stream, as XRANGE takes it.
Place = bytes | str


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


def read_entries(client: Redis, stream: str, since: Place = "-") -> tuple[list[Entry], Place]:
    """Return the entries of visitors' clicks in the stream's order, and where to go on later.

    Args:
        since: "-" for the first of all, or where to go on.
    """
    entries: list[Entry] = []
    while page := client.xrange(stream, since, "+", _READ_AT_ONCE):
        entries += _numbered(page)
        since = b"(" + page[-1][0]
    return entries, since


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


def _numbered(page: Any) -> Iterator[Entry]:
    for entry_id, fields in page:
        referrer = fields.get(b"referer", b"")
        if referrer.startswith(_PREFIX):
            number = int(referrer.removeprefix(_PREFIX))
            yield Entry(int(entry_id.partition(b"-")[0]), number)
