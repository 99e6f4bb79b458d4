"""Burn rate of the redirect's error budget, from what its histogram grew by lately.

Of 1,000 redirects one may take longer than 50 ms. A rate of 1 uses that up exactly; which rates are
too high for how long is as in the alerts of deploy/prometheus, by
https://sre.google/workbook/alerting-on-slos/. What was seen is held in memory: Prometheus isn't
needed, and after a start the windows fill anew.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

#: The share of answers that has to keep to the budget.
OBJECTIVE = 0.999
#: Seconds of a window, and the rate from which on it is too high.
WINDOWS = ((300, 14.4), (1_800, 6.0), (3_600, 14.4), (21_600, 6.0))
#: Which have to be too high both, so that neither a blink nor what is over says so.
_PAIRS = ((3_600, 300), (21_600, 1_800))
#: Between two samples that are kept; of six hours they are 2,160.
_APART_SECONDS = 10.0


class Sample(NamedTuple):
    """What the histogram had counted.

    Attributes:
        at: monotonic seconds.
        answers, slow: all, and those past the budget.
    """

    at: float
    answers: float
    slow: float


class Burn:
    """Keeps samples of six hours; any thread may ask.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._samples: deque[Sample] = deque()

    def note(self, answers: float, slow: float) -> None:
        """Keep what was counted by now; counts that fell were begun anew."""
        sample = Sample(self._clock(), answers, slow)
        with self._lock:
            held = self._samples
            if held and (held[-1].answers > answers or held[-1].slow > slow):
                held.clear()
            if len(held) > 1 and sample.at - held[-2].at <= _APART_SECONDS:
                # The newest moves on until it stands far enough from the one before.
                held.pop()
            held.append(sample)
            longest = WINDOWS[-1][0]
            while len(held) > 1 and held[1].at <= sample.at - longest:
                held.popleft()

    def told(self) -> dict[str, Any]:
        """Return the rates of all windows, and whether they are too high, as JSON holds them."""
        with self._lock:
            windows = burn_rates(self._samples)
        return {
            "objective": OBJECTIVE,
            "is_too_high": any(
                all(one["is_too_high"] for one in windows if one["window_seconds"] in pair)
                for pair in _PAIRS
            ),
            "windows": windows,
        }


def burn_rates(samples: Iterable[Sample]) -> list[dict[str, Any]]:
    """Return by window what was answered in it and how fast that used the budget up.

    Args:
        samples: in their order.
    """
    held = list(samples)
    return [_rate(held, seconds, most) for seconds, most in WINDOWS]


def _rate(held: list[Sample], seconds: int, most: float) -> dict[str, Any]:
    since = held[-1].at - seconds if held else 0.0
    # From the last sample before the window, where there is one.
    before = [one for one in held if one.at <= since][-1:]
    inside = [*before, *(one for one in held if one.at > since)]
    answers = slow = seen = 0.0
    if inside:
        answers = inside[-1].answers - inside[0].answers
        slow = inside[-1].slow - inside[0].slow
        seen = min(inside[-1].at - inside[0].at, float(seconds))
    rate = slow / answers / (1 - OBJECTIVE) if answers else None
    return {
        "window_seconds": seconds,
        "seen_seconds": int(seen),
        "answers": int(answers),
        "slow": int(slow),
        "burn_rate": round(rate, 3) if rate is not None else None,
        "too_high_from": most,
        "is_too_high": rate is not None and rate > most,
    }
