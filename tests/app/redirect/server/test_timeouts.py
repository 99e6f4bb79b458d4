from math import inf
from types import SimpleNamespace

import pytest

from app.redirect.server.acceptor import longest_idle
from app.redirect.server.states import (
    BUSY,
    CLOSED,
    IDLE,
    LINGERING,
    NEW,
    PARTIAL,
    SENDING,
    STREAMING,
)
from app.redirect.server.timeouts import Timeouts, overdue

TIMEOUTS = Timeouts(head=10, idle=75, send=30, linger=2, parting=1)


def connection(state: int, since: float) -> SimpleNamespace:
    return SimpleNamespace(state=state, since=since)


@pytest.mark.parametrize(
    ("state", "seconds", "when_stopping"),
    [(NEW, 10, 1), (IDLE, 75, 1), (PARTIAL, 10, 10), (STREAMING, 30, 30), (SENDING, 30, 30),
     (LINGERING, 2, 2), (BUSY, inf, inf), (CLOSED, inf, inf)],
)  # fmt: skip
def test_each_state_has_its_limit(state, seconds, when_stopping):
    assert TIMEOUTS.limits(stopping=False)[state] == seconds
    assert TIMEOUTS.limits(stopping=True)[state] == when_stopping


def test_only_those_whose_time_is_over_are_overdue():
    late, timely, busy = connection(IDLE, 0.0), connection(IDLE, 1.0), connection(BUSY, 0.0)
    limits = TIMEOUTS.limits(stopping=False)
    assert list(overdue([late, timely, busy], limits, now=75.0)) == [late]


def test_the_longest_idle_give_way_and_nobody_else():
    oldest, old, fresh, busy = (
        connection(IDLE, 1.0), connection(NEW, 2.0), connection(IDLE, 9.0), connection(BUSY, 0.0),
    )  # fmt: skip
    connections = [fresh, old, busy, oldest]
    assert longest_idle(connections, 1, before=5.0) == [oldest]
    assert longest_idle(connections, 9, before=5.0) == [oldest, old]
