"""Session that is one process's part of a run: schedule, measurements, whether it is done."""

import gc
import time
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Self

import gevent

from loadtest.common.measurements import Measurements
from loadtest.scenario.links import Catalogue
from loadtest.scenario.schedule import Arrivals
from loadtest.scenario.shapes import SHAPES, factor

#: Time for connections to be opened before the first request is due.
_LEAD_SECONDS = 1.0
#: How fast Locust starts users unless it is told; it warns above this.
USERS_A_SECOND = 100.0
#: How long after the end requests that were due are still sent.
_DRAIN_SECONDS = 3.0
#: How long the last answers are waited for; longer than a request may take.
_SETTLE_SECONDS = 20.0
_PROBE_SECONDS = 0.01
_SCHEDULED = Path("/proc/self/schedstat")
#: Intervals of the report's timeline; a longer run has longer ones.
_MOST_INTERVALS = 600


class Run(NamedTuple):
    """What all processes of a run have to agree on; a master sends it with Locust's options.

    Attributes:
        name: what no other run on the same installation is called, see
            :class:`~loadtest.scenario.links.Catalogue`; empty when the run is called off.
        scenarios: names of the user classes that take part: a worker knows all of them.
        users_a_second: how fast they come.
    """

    name: str = ""
    scenarios: tuple[str, ...] = ()
    users_a_second: float = USERS_A_SECOND

    @classmethod
    def decode(cls, sent: Iterable[Any]) -> Self:
        """Read what came over the wire, where tuples are lists."""
        name, scenarios, users_a_second = sent
        return cls(name, tuple(scenarios), users_a_second)


class Session:
    """Shared by all users of a process; begun anew with every test.

    Attributes:
        connections: users of all scenarios and processes.
        measured: what the users of this process have measured and not yet reported.
        new_batches: batches of new links that are known to exist.
        in_flight: requests that are waited for.
        run: the run that has begun; one without a name before the first.
        scenarios: names of the user classes that take part.
        seconds: length of the judged run.
        busy_share: of the time, how long this process has run or waited for a core.
    """

    def __init__(self, options: Any, user_classes: Iterable[type[Any]]) -> None:
        """Make a session that has not begun.

        Args:
            options: Locust's and ours, parsed; a worker's change when its master sends them.
        """
        self.options = options
        self._known = list(user_classes)
        self._probe: gevent.Greenlet | None = None
        self._is_closed = True
        self.measured = Measurements()
        self.in_flight = 0
        self.run = Run()
        self.busy_share = 0.0
        self.plan(each.__name__ for each in self._known)

    def plan(self, scenarios: Iterable[str]) -> None:
        """Share the connections out over the scenarios that take part."""
        names = set(scenarios)
        self._classes = [each for each in self._known if each.__name__ in names]
        self.scenarios = sorted(names)
        self.connections = share_out(self.options.connections, self._classes)

    def begin(self, process: int, run: Run, *, sends: bool) -> None:
        """Forget what was measured and lay out the schedule; the clock starts now.

        What was asked for is read here once: someone may change it in the web UI meanwhile.

        Args:
            process: a number that no other process of the run has.
            sends: whether this process has users; a master has none.
        """
        self.run = run
        if self._probe is not None:
            self._probe.kill()
        self._process = process
        options = self.options
        self.plan(run.scenarios)
        self.seconds = float(options.seconds) or SHAPES[options.load_shape].seconds
        self._warm_up = float(options.warm_up)
        self._shape = SHAPES[options.load_shape]
        self.catalogue = Catalogue(
            options.links_prefix, options.hot_links, options.tail_links, run=run.name
        )
        self.measured = Measurements()
        self.new_batches = 1
        self.in_flight = 0
        self.begins_at = time.monotonic() + _LEAD_SECONDS + self.connections / run.users_a_second
        self._used_before: float | None = None
        self.busy_share = 0.0
        self._is_closed = not sends or not run.name
        self._users: dict[str, int] = {}
        self._arrivals = {each.__name__: self._schedule(each) for each in self._classes}
        # What is there by now stays: looking through it takes tens of milliseconds at a time.
        gc.collect()
        gc.freeze()
        self._probe = None if self._is_closed else gevent.spawn(self._watch_loop)

    @property
    def judged_from(self) -> float:
        """When the warm-up is over, on the monotonic clock."""
        return self.begins_at + self._warm_up

    @property
    def ends_at(self) -> float:
        """When the last request is due, on the monotonic clock."""
        return self.judged_from + self.seconds

    @property
    def interval_seconds(self) -> float:
        """Width of one interval of the timeline."""
        return max(1.0, self.seconds / _MOST_INTERVALS)

    @property
    def is_done(self) -> bool:
        """Whether everything that was due is answered, or it is too late to send the rest."""
        taken = all(arrivals.is_exhausted for arrivals in self._arrivals.values())
        is_over = time.monotonic() > self.ends_at and taken and not self.in_flight
        return is_over or self.is_past_drain

    @property
    def is_past_drain(self) -> bool:
        """Whether it is too late to send anything, or the run was called off before."""
        return not self.run.name or time.monotonic() > self.ends_at + _DRAIN_SECONDS

    @property
    def is_settled(self) -> bool:
        """Whether everything was sent and answered, or given up."""
        return self._is_closed and not self.in_flight

    @property
    def is_overdue(self) -> bool:
        """Whether it is no use to wait for other processes any longer."""
        return time.monotonic() > self.ends_at + _DRAIN_SECONDS + _SETTLE_SECONDS

    def user_came(self, name: str, number: int) -> Arrivals:
        """Count a user (+1) or its end (-1), and return what it shares with its like."""
        self._users[name] = self._users.get(name, 0) + number
        return self._arrivals[name]

    def judged(self, due: float) -> float | None:
        """Return how many seconds after the warm-up a request was due; None within it."""
        elapsed = due - self.judged_from
        return elapsed if elapsed >= 0 else None

    def hand_over(self) -> Measurements:
        """Return what was measured since the last time, and start afresh."""
        measured, self.measured = self.measured, Measurements()
        return measured

    def _schedule(self, user_class: type[Any]) -> Arrivals:
        """Lay out one scenario: its part of the rate, of which this process has its users' part.

        Every process knows how many users the scenario has in all, so that any number of
        processes together keep the rate without talking about it.
        """
        name = user_class.__name__
        total = sum(each.weight for each in self._classes)
        part = float(self.options.rate) * user_class.weight / total

        def rate(elapsed: float) -> float:
            ours = self._users.get(name, 0) / user_class.fixed_count
            return part * ours * self._factor(elapsed) * float(user_class.surge(elapsed))

        return Arrivals(
            rate,
            begins_at=self.begins_at,
            seconds=self.ends_at - self.begins_at,
            random=Random(f"{self.options.random_seed} {name} {self._process}"),
            poisson=self.options.arrivals == "poisson",
        )

    def _factor(self, elapsed: float) -> float:
        return factor(self._shape, max(0.0, elapsed - self._warm_up), self.seconds)

    def _watch_loop(self) -> None:
        """Measure how late the event loop wakes up, until the drain is over."""
        while not self.is_done:
            wanted = time.monotonic() + _PROBE_SECONDS
            gevent.sleep(_PROBE_SECONDS)
            elapsed = self.judged(wanted)
            if elapsed is not None and wanted < self.ends_at:
                self.measured.loop.add(time.monotonic() - wanted)
                self.busy_share = self._busy(elapsed)
        self._close()

    def _busy(self, elapsed: float) -> float:
        used = _used_seconds()
        if self._used_before is None:
            self._used_before = used - elapsed
        return (used - self._used_before) / elapsed if elapsed else 0.0

    def _close(self) -> None:
        for arrivals in self._arrivals.values():
            unsent = arrivals.give_up()
            self.measured.unsent += unsent
            self.measured.due += arrivals.taken + unsent
        self._is_closed = True


def _used_seconds() -> float:
    """Return how long this process has run or waited for a core (Linux, schedstats.rst).

    Beside others who want the same cores it can be at its end long before it has used one.
    """
    try:
        ran_ns, waited_ns, _ = _SCHEDULED.read_text().split()
    except FileNotFoundError:
        return time.process_time()
    return (int(ran_ns) + int(waited_ns)) / 1e9


def share_out(connections: int, user_classes: Iterable[type[Any]]) -> int:
    """Give each scenario its number of users by its weight, at least one; return their sum."""
    classes = list(user_classes)
    total = sum(each.weight for each in classes)
    for each in classes:
        each.fixed_count = max(1, round(connections * each.weight / total))
    return sum(each.fixed_count for each in classes)
