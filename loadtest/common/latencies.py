"""Latencies in an HDR histogram: 0.1 ms or finer up to 131 ms, 0.1 % above, nothing rounded away.

Source: https://github.com/HdrHistogram/HdrHistogram_py.
"""

from typing import Self

from hdrh.histogram import HdrHistogram

_MOST_US = 600_000_000
_DIGITS = 3


class Latencies:
    """How often each latency was seen; merged without loss."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, _MOST_US, _DIGITS)

    @property
    def count(self) -> int:
        """How many latencies were added."""
        return int(self._histogram.get_total_count())

    @property
    def max_ms(self) -> float:
        """The longest, 0 for none."""
        return float(self._histogram.get_max_value()) / 1000 if self.count else 0.0

    def add(self, seconds: float) -> None:
        """Add one latency; what is below 1 µs counts as that, and above 10 minutes likewise."""
        self._histogram.record_value(min(max(int(seconds * 1_000_000), 1), _MOST_US))

    def at(self, percentile: float) -> float:
        """Return the milliseconds that so many percent don't exceed, 0 for none."""
        if not self.count:
            return 0.0
        return float(self._histogram.get_value_at_percentile(percentile)) / 1000

    def merge(self, encoded: bytes) -> None:
        """Add all latencies of another one, as :meth:`encode` wrote it."""
        self._histogram.decode_and_add(encoded)

    def encode(self) -> bytes:
        """Return the histogram in HdrHistogram's own compressed form, base64."""
        return bytes(self._histogram.encode())

    @classmethod
    def merged(cls, *others: Self) -> Self:
        """Return one that holds what the others hold."""
        both = cls()
        for other in others:
            both.merge(other.encode())
        return both
