import threading
from typing import Any

import pytest

from app.health.system.lately import Lately
from app.health.system.samples import Away
from tests.support.redirect.fakes import FakeClock
from tests.support.worker_processes import wait_until

LONG_SECONDS = 60.0


class Looks:
    """Counts how often it looks, and does what it is told."""

    def __init__(self) -> None:
        self.count = 0
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.error: Exception | None = None

    def __call__(self) -> dict[str, Any]:
        self.count += 1
        assert self.goes_on.wait(LONG_SECONDS)
        if self.error:
            raise self.error
        return {"count": self.count}


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def lately(looks: Looks, clock: FakeClock) -> Lately:
    return Lately("test", looks, 10, clock=clock, wall=lambda: 1_790_000_000)


def is_idle(lately: Lately) -> None:
    wait_until(lambda: lately._thread is None)


def test_what_was_found_stands_for_a_while(lately: Lately, clock: FakeClock, looks: Looks) -> None:
    first = lately.get(LONG_SECONDS)
    assert first == {"looked_at": "2026-09-21T14:13:20.000Z", "count": 1}
    clock.now += 9
    assert lately.get(LONG_SECONDS) is first
    clock.now += 1
    # The old is told while somebody looks for the new.
    assert lately.get(LONG_SECONDS)["count"] in (1, 2)
    is_idle(lately)
    assert lately.get(LONG_SECONDS)["count"] == looks.count == 2


def test_nobody_waits_for_what_does_not_answer_and_one_looks_at_a_time(
    lately: Lately, looks: Looks
) -> None:
    looks.goes_on.clear()
    for _ in range(3):
        with pytest.raises(Away, match="for the first time"):
            lately.get(0)
    assert looks.count == 1
    looks.goes_on.set()
    is_idle(lately)
    assert lately.get(LONG_SECONDS)["count"] == 1


@pytest.mark.parametrize(
    ("error", "said"), [(Away("Redis is away"), "Redis is away"), (ValueError("secret"), "the log")]
)
def test_why_nothing_was_found_is_told_and_it_is_tried_again(
    lately: Lately, looks: Looks, clock: FakeClock, error: Exception, said: str
) -> None:
    looks.error = error
    with pytest.raises(Away, match=said.replace("the log", "console's log")):
        lately.get(LONG_SECONDS)
    looks.error = None
    clock.now += 10
    lately.begin()
    is_idle(lately)
    assert lately.get(LONG_SECONDS)["count"] == 2
