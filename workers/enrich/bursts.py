"""Bursts of clicks that one network makes on several links of a campaign within seconds.

A mail gateway follows all links of a mail at once, before anybody reads it. Who does so in a
browser says which languages they read and that a person navigates; gateways say neither.
"""

from collections.abc import Sequence
from typing import NamedTuple

#: Longest time from the first click of a burst to its last.
WINDOW_SECONDS = 5
_WINDOW_MS = WINDOW_SECONDS * 1000
#: Links of a burst, at least.
LIMIT = 3
#: Networks and campaigns that are remembered; links of one of them. Some 5 MB at most.
_REMEMBERED = 2_000
_LINKS = 32


class Candidate(NamedTuple):
    """A click that may be one of a burst.

    Attributes:
        position: which one of those that were given together.
        network: where it came from.
        campaign: what links of one mail have in common.
    """

    position: int
    time_ms: int
    network: bytes
    campaign: bytes
    short_code: bytes


class Bursts:
    """Finds the clicks of bursts; several on one link are one, however often they are delivered."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._times: dict[tuple[bytes, bytes], dict[bytes, int]] = {}

    def find(self, candidates: Sequence[Candidate]) -> list[int]:
        """Return the positions of those with which a network has followed three links at once.

        Of clicks that are given together the first ones, too.
        """
        if len(self._times) >= self._remembered:
            self._times.clear()
        for one in candidates:
            self._remember(one)
        return [one.position for one in candidates if self._is_in_burst(one)]

    def _remember(self, one: Candidate) -> None:
        times = self._times.setdefault((one.network, one.campaign), {})
        if len(times) >= _LINKS:
            times.clear()
        times[one.short_code] = one.time_ms

    def _is_in_burst(self, one: Candidate) -> bool:
        times = self._times[one.network, one.campaign].values()
        starts = [time_ms for time_ms in times if 0 <= one.time_ms - time_ms <= _WINDOW_MS]
        return any(
            sum(0 <= time_ms - start <= _WINDOW_MS for time_ms in times) >= LIMIT
            for start in starts
        )
