"""Measurements of one run: added to by users, merged over processes, read by judge and report."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from loadtest.common.latencies import Latencies


@dataclass(slots=True)
class Route:
    """The answers of one route.

    Attributes:
        latencies: of all answers after the warm-up, from the intended start.
        errors: why an answer was none, or a wrong one, to how often.
    """

    latencies: Latencies = field(default_factory=Latencies)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """Requests that were judged; one that was never answered has a latency, too."""
        return self.latencies.count

    @property
    def error_share(self) -> float:
        """Errors among the requests, 0 to 1."""
        return self.errors.total() / self.requests if self.requests else 0.0


@dataclass(slots=True)
class Moment:
    """One interval of the run, by the intended starts.

    Attributes:
        latencies: milliseconds, rounded to two digits, to how often.
    """

    latencies: Counter[float] = field(default_factory=Counter)
    errors: int = 0


@dataclass(slots=True)
class Measurements:
    """Everything that was counted.

    Attributes:
        routes: by method and grouped path, e.g. ``GET /{hot}``.
        moments: by number of the interval.
        redirected: code to how many GETs were answered with a redirect, warm-up included.
        unanswered: code to how many GETs of which nobody knows whether they were clicks.
        cut: connections that ended before an answer; each was asked again, as browsers do.
        due: requests that were to be sent.
        unsent: those that no connection was free for until the run was over.
        late: how late requests were sent by the generator's own fault.
        queued: requests that waited for a free connection.
        loop: how late the generator's event loop woke up.
    """

    routes: defaultdict[str, Route] = field(default_factory=lambda: defaultdict(Route))
    moments: defaultdict[int, Moment] = field(default_factory=lambda: defaultdict(Moment))
    redirected: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    due: int = 0
    unsent: int = 0
    queued: int = 0
    late: Latencies = field(default_factory=Latencies)
    loop: Latencies = field(default_factory=Latencies)

    def answered(self, route: str, interval: int, seconds: float, error: str) -> None:
        """Add one judged request; error is empty for a right answer."""
        self.routes[route].latencies.add(seconds)
        moment = self.moments[interval]
        moment.latencies[two_digits(seconds * 1000)] += 1
        if error:
            self.routes[route].errors[error] += 1
            moment.errors += 1

    def encode(self) -> dict[str, Any]:
        """Return it as plain values for a message between processes."""
        return {
            "routes": {
                name: [route.latencies.encode(), dict(route.errors)]
                for name, route in self.routes.items()
            },
            "moments": [
                [number, list(moment.latencies.items()), moment.errors]
                for number, moment in self.moments.items()
            ],
            "redirected": dict(self.redirected),
            "unanswered": dict(self.unanswered),
            "counts": [self.cut, self.due, self.unsent, self.queued],
            "late": self.late.encode(),
            "loop": self.loop.encode(),
        }

    def merge(self, plain: dict[str, Any]) -> None:
        """Add what another process measured, as :meth:`encode` wrote it."""
        for name, (encoded, errors) in plain["routes"].items():
            self.routes[name].latencies.merge(encoded)
            self.routes[name].errors.update(errors)
        for number, pairs, errors in plain["moments"]:
            self.moments[number].latencies.update(dict(pairs))
            self.moments[number].errors += errors
        self.redirected.update(plain["redirected"])
        self.unanswered.update(plain["unanswered"])
        cut, due, unsent, queued = plain["counts"]
        self.cut += cut
        self.due += due
        self.unsent += unsent
        self.queued += queued
        self.late.merge(plain["late"])
        self.loop.merge(plain["loop"])


def two_digits(ms: float) -> float:
    """Round to two significant digits, which keeps an interval's latencies few."""
    return float(f"{ms:.1e}")


def percentile(latencies: Counter[float], percent: float) -> float:
    """Return the milliseconds that so many percent of an interval don't exceed, 0 for none."""
    wanted = latencies.total() * percent / 100
    seen = 0
    for ms in sorted(latencies):
        seen += latencies[ms]
        if seen >= wanted:
            return ms
    return 0.0
