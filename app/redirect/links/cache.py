"""Cache that remembers links for one worker, within bounds, and how far each may be trusted.

Rule 1: a link is as fresh as the watch in which it was read: while that watch lasts, Redis would
        have told of any change. When the watch ends, the link is stale from that moment.
Rule 2: unknown codes live in a room of their own, so that a scan of random codes can't drive out
        links.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.links.link import Link

#: What a link takes up on average at most: those of long targets are fewer.
_MEAN_BYTES = 1_000
#: Of a link's objects beside its texts.
_OWN_BYTES = 400


class Watch:
    """A stretch of time in which Redis reports every change of a link.

    Attributes:
        ended_at: monotonic seconds; infinite while the watch lasts.
    """

    __slots__ = ("ended_at",)

    def __init__(self, ended_at: float = math.inf) -> None:
        self.ended_at = ended_at


@dataclass(frozen=True, slots=True)
class Held:
    """A link in memory and the watch in which it was read."""

    link: Link
    watch: Watch


class LinkCache:
    """Links by code in two generations, of which the older goes when the younger is full.

    Full is one that holds half of ``size`` links, or a kilobyte for each of these.

    Reading from the older generation moves the link to the younger. So what is in use stays, and
    every operation costs the same however many links there are.
    """

    def __init__(self, size: int) -> None:
        self.young: dict[str, Held] = {}
        self._old: dict[str, Held] = {}
        self._generation_size = max(size // 2, 1)
        self._room_bytes = self._generation_size * _MEAN_BYTES

    def __len__(self) -> int:
        return len(self.young.keys() | self._old.keys())

    def get(self, code: str) -> Held | None:
        """Return what is held for a code."""
        held = self.young.get(code)
        if held is None and (held := self._old.get(code)) is not None:
            self.put(code, held)
        return held

    def put(self, code: str, held: Held) -> None:
        """Remember a link."""
        replaced = self.young.get(code)
        if replaced is not None:
            self._room_bytes += _size(replaced.link)
        self._room_bytes -= _size(held.link)
        self.young[code] = held
        if len(self.young) >= self._generation_size or self._room_bytes <= 0:
            self._old, self.young = self.young, {}
            self._room_bytes = self._generation_size * _MEAN_BYTES

    def forget(self, code: str) -> None:
        """Drop a link."""
        young = self.young.pop(code, None)
        if young is not None:
            self._room_bytes += _size(young.link)
        self._old.pop(code, None)

    def clear(self) -> None:
        """Drop all links."""
        self.young.clear()
        self._old.clear()
        self._room_bytes = self._generation_size * _MEAN_BYTES


def _size(link: Link) -> int:
    texts = (link.code, link.target, link.title, link.cache_control or "", *link.tags)
    return _OWN_BYTES + sum(map(len, texts))


class UnknownCodes:
    """Codes that no link has, each remembered for a while; the oldest goes when there are many."""

    def __init__(
        self, size: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._expiry: dict[str, float] = {}

    def __contains__(self, code: str) -> bool:
        expiry = self._expiry.get(code)
        return expiry is not None and self._clock() < expiry

    def __len__(self) -> int:
        return len(self._expiry)

    def add(self, code: str) -> None:
        """Remember a code."""
        self._expiry.pop(code, None)
        if len(self._expiry) >= self._size:
            del self._expiry[next(iter(self._expiry))]
        self._expiry[code] = self._clock() + self._seconds

    def forget(self, code: str) -> None:
        """Drop a code."""
        self._expiry.pop(code, None)

    def clear(self) -> None:
        """Drop all codes."""
        self._expiry.clear()
