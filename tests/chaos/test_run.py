"""The loop that has faults strike, on faults that take longer than they should."""

import pytest

from tests.chaos import run
from tests.chaos.faults.fault import Steps, fault
from tests.chaos.faults.plan import PlannedFault


class Idle:
    """A testbed that has nothing to keep up."""

    def keep(self):
        pass


class Clock:
    """In place of the module ``time``: what sleeps takes no time."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def kinds(monkeypatch):
    """Kinds of faults of which the slow one begins so late that it ends beyond its time."""
    clock = Clock()
    monkeypatch.setattr(run, "time", clock)
    slow = fault("slow", "redis", (0.1, 0.1), lambda *_: clock.sleep(0.3) or Steps([]))
    same = fault("same", "redis", (0.1, 0.1), lambda *_: Steps([]))
    other = fault("other", "clickhouse", (0.1, 0.1), lambda *_: Steps([]))
    monkeypatch.setattr(run, "FAULTS", {one.kind.name: one for one in (slow, same, other)})


@pytest.mark.usefixtures("kinds")
def test_a_fault_that_lasts_longer_than_planned_keeps_others_from_what_it_claims():
    plan = [PlannedFault(at, kind, 0.1, 1) for at, kind in ((0, "slow"), (0.3, "same"))]
    plan += [PlannedFault(0.3, "other", 0.1, 1), PlannedFault(1.0, "same", 0.1, 1)]
    struck = [one.kind for one in run._inject(Idle(), plan)]
    assert sorted(struck) == ["other", "same", "slow"]
