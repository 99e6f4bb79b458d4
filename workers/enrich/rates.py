"""Rates that visitors click at: more in ten seconds than a person does."""

from collections import Counter
from collections.abc import Sequence

#: Seconds and milliseconds of a window; the clock's, so that its bounds are the same everywhere.
WINDOW_SECONDS = 10
_WINDOW_MS = WINDOW_SECONDS * 1000
#: Clicks of one visitor in a window from which on they are found.
LIMIT = 20
#: Visitors of a window, and windows, that are remembered, some 10 MB at most.
_VISITORS = 20_000
_WINDOWS = 4


class Rates:
    """Finds the clicks of visitors who make many at a time.

    Those of a batch that is tried again are not counted again.
    """

    def __init__(self, visitors: int = _VISITORS) -> None:
        self._most_visitors = visitors
        self._windows: dict[int, Counter[int]] = {}
        self._counted: Sequence[bytes] = ()

    def find(
        self, times_ms: Sequence[int], visitors: Sequence[int], click_ids: Sequence[bytes]
    ) -> list[int]:
        """Return which clicks are of visitors who have made twenty in a window, with these.

        Args:
            visitors: whose they are, a number each.
        """
        # A part of a batch that is tried again at once begins with a click of the whole.
        is_new = click_ids[0] not in self._counted
        if is_new:
            self._counted = click_ids
        first, last = min(times_ms) // _WINDOW_MS, max(times_ms) // _WINDOW_MS
        if first == last:
            return self._find_in(first, visitors, is_new=is_new)
        found = []
        for window, positions in _by_window(times_ms).items():
            some = [visitors[position] for position in positions]
            found += [positions[at] for at in self._find_in(window, some, is_new=is_new)]
        return found

    def _find_in(self, window: int, visitors: Sequence[int], *, is_new: bool) -> list[int]:
        counts = self._windows.get(window)
        if counts is None or len(counts) >= self._most_visitors:
            counts = self._begin(window)
        if is_new:
            counts.update(visitors)
        numbers = map(counts.__getitem__, visitors)
        return [position for position, number in enumerate(numbers) if number >= LIMIT]

    def _begin(self, window: int) -> Counter[int]:
        while len(self._windows) >= _WINDOWS:
            del self._windows[next(iter(self._windows))]
        counts = self._windows[window] = Counter()
        return counts


def _by_window(times_ms: Sequence[int]) -> dict[int, list[int]]:
    windows: dict[int, list[int]] = {}
    for position, time_ms in enumerate(times_ms):
        windows.setdefault(time_ms // _WINDOW_MS, []).append(position)
    return windows
