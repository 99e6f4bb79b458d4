"""Rates of people's clicks by link, from which it shows that one spikes or went quiet."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

#: Over which time a usual rate is taken, falling off exponentially.
_USUAL_SECONDS = 86_400.0
#: Age from which on a link has a usual rate.
_KNOWN_SECONDS = 3_600.0
#: Time whose clicks may be a spike.
SPIKE_SECONDS = 300
#: Clicks that make one at least, and how many times as many as usual they have to be.
SPIKE_CLICKS, SPIKE_TIMES = 50, 10
#: Clicks that a link lacks by its usual rate to be quiet, and since when at least.
QUIET_CLICKS, QUIET_SECONDS = 20, 3_600
#: Links that are looked at; of more, those with fewest clicks go.
_MOST_LINKS = 5_000
_SLACK = 500


class Spike(NamedTuple):
    """A link that gets many clicks.

    Attributes:
        began: of the time that is looked at, in Unix seconds.
        clicks: in that time so far.
        usual: in such a time, before.
    """

    code: str
    began: int
    clicks: int
    usual: float


class Quiet(NamedTuple):
    """A link that gets no clicks any more.

    Attributes:
        last: click, in Unix seconds.
        usual: clicks an hour, before.
    """

    code: str
    last: int
    usual: float


@dataclass(slots=True)
class _Rate:
    """What is known of one link.

    Attributes:
        first, last: click, in Unix seconds.
        weight: of its clicks as of the last one, each by its age.
        began: of the time that is looked at for a spike.
        clicks: in that time.
        usual: clicks a second before that time, or None where that isn't known.
    """

    first: float
    last: float
    weight: float = 0.0
    began: int = 0
    clicks: int = 0
    usual: float | None = None

    def note(self, at: float) -> None:
        began = int(at // SPIKE_SECONDS * SPIKE_SECONDS)
        if began > self.began:
            self.usual = self.rate(began)
            self.began, self.clicks = began, 0
        self.clicks += began == self.began
        self.weight = self.weight * math.exp(-max(0.0, at - self.last) / _USUAL_SECONDS) + 1
        self.last = max(self.last, at)

    def rate(self, now: float) -> float | None:
        """Return clicks a second as of a time after the last click, None if it is too young."""
        age = now - self.first
        if age < _KNOWN_SECONDS:
            return None
        weight = self.weight * math.exp(-max(0.0, now - self.last) / _USUAL_SECONDS)
        return weight / (_USUAL_SECONDS * -math.expm1(-age / _USUAL_SECONDS))


class Rates:
    """Rates of links; times are Unix seconds."""

    def __init__(self) -> None:
        self._of: dict[str, _Rate] = {}

    def note(self, code: str, at: float) -> None:
        """Count a person's click."""
        if code not in self._of:
            if len(self._of) >= _MOST_LINKS + _SLACK:
                self._forget_few()
            self._of[code] = _Rate(at, at)
        self._of[code].note(at)

    def spike(self, code: str) -> Spike | None:
        """Return the spike that a link is in, if it is."""
        rate = self._of.get(code)
        if rate is None or rate.usual is None or rate.clicks < SPIKE_CLICKS:
            return None
        usual = rate.usual * SPIKE_SECONDS
        is_more = rate.clicks >= SPIKE_TIMES * usual
        return Spike(code, rate.began, rate.clicks, usual) if is_more else None

    def quiet(self, now: float) -> Iterator[Quiet]:
        """Yield links that went quiet, and forget them until they are clicked again."""
        for code, rate in list(self._of.items()):
            silence = now - rate.last
            if silence < QUIET_SECONDS:
                continue
            usual = rate.rate(rate.last)
            if usual is not None and usual * silence >= QUIET_CLICKS:
                del self._of[code]
                yield Quiet(code, int(rate.last), usual * 3600)

    def encode(self) -> str:
        """Return them as a text that :meth:`decode` reads."""
        self._forget_few()
        return orjson.dumps(
            {
                code: [round(rate.first), round(rate.last), round(rate.weight, 2)]
                for code, rate in self._of.items()
            }
        ).decode()

    def decode(self, text: str) -> None:
        """Go on with rates as they were; whatever is none is passed over."""
        self._of = {}
        try:
            held: Mapping[str, Any] = orjson.loads(text or "{}")
            for code, (first, last, weight) in held.items():
                self._of[code] = _Rate(float(first), float(last), float(weight))
        except (ValueError, TypeError, AttributeError):
            return

    def _forget_few(self) -> None:
        if len(self._of) > _MOST_LINKS:
            kept = sorted(self._of.items(), key=lambda pair: pair[1].weight, reverse=True)
            self._of = dict(kept[:_MOST_LINKS])
