import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.rates.limiter import RateLimiter
from app.stores.redis.errors import RedisUnavailable
from tests.support.console import OwnCounter
from tests.support.redirect.fakes import FakeClock


class Shared(OwnCounter):
    """A counter that several limiters share, and which may be away."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock, self.asked, self.is_away = clock, 0, False
        self.ends: dict[tuple[str, str], float] = {}

    def add(self, policy: str, caller: str, requests: int, window_seconds: int) -> tuple[int, int]:
        self.asked += 1
        if self.is_away:
            raise RedisUnavailable("away")
        if self.clock.now >= self.ends.get((policy, caller), 0):
            self.counted.pop((policy, caller), None)
            self.ends[policy, caller] = self.clock.now + window_seconds
        count, _ = super().add(policy, caller, requests, window_seconds)
        return count, round((self.ends[policy, caller] - self.clock.now) * 1000)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shared(clock: FakeClock) -> Shared:
    return Shared(clock)


def limiter(shared: Shared, quota: int) -> RateLimiter:
    return RateLimiter(
        shared, {"reads": quota, "writes": quota, "reports": quota}, clock=shared.clock
    )


def test_a_quota_is_used_up_within_its_window_and_comes_back_after_it(
    clock: FakeClock, shared: Shared
) -> None:
    limits = limiter(shared, 3)
    taken = [limits.take("reads", "k") for _ in range(4)]
    assert [(each.left, each.is_exceeded) for each in taken] == [
        *((2, False), (1, False), (0, False)),
        (0, True),
    ]
    assert taken[0].ends_seconds == 60
    clock.now += 59.5
    assert (limits.take("reads", "k").ends_seconds, limits.take("reads", "k").is_exceeded) == (
        *(1, True),
    )
    clock.now += 1
    assert limits.take("reads", "k").left == 2


def test_policies_and_callers_are_counted_apart(shared: Shared) -> None:
    limits = limiter(shared, 1)
    limits.take("reads", "a")
    assert limits.take("reads", "a").is_exceeded
    assert not limits.take("reads", "b").is_exceeded
    assert not limits.take("writes", "a").is_exceeded
    assert not limits.take("reports", "a").is_exceeded


def test_all_processes_together_give_no_more_than_the_quota(shared: Shared) -> None:
    first, second = limiter(shared, 50), limiter(shared, 50)
    given = [each.take("reads", "k") for _ in range(40) for each in (first, second)]
    assert sum(not each.is_exceeded for each in given) == 50


def test_redis_is_told_every_tenth_of_a_second_as_long_as_much_is_left(
    clock: FakeClock, shared: Shared
) -> None:
    limits = limiter(shared, 10_000)
    lefts = [limits.take("reads", "k").left for _ in range(500)]
    assert (shared.asked, lefts[-1]) == (1, 9500)
    clock.now += 0.11
    assert limits.take("reads", "k").left == 9499
    assert (shared.asked, shared.counted["reads", "k"]) == (2, 501)


@given(ways=st.lists(st.integers(0, 2), min_size=1, max_size=900), quota=st.integers(1, 400))
def test_whoever_asks_whichever_process_gets_the_quota_and_within_a_tenth_more_than_little(
    ways: list[int], quota: int
) -> None:
    shared = Shared(FakeClock())
    processes = [limiter(shared, quota) for _ in range(3)]
    given = sum(not processes[way].take("reads", "k").is_exceeded for way in ways)
    assert min(quota, len(ways)) <= given <= quota + 2 * max(0, quota - 100)


def test_a_process_counts_for_itself_while_redis_is_away_and_tells_it_after(
    clock: FakeClock, shared: Shared, caplog: pytest.LogCaptureFixture
) -> None:
    limits = limiter(shared, 5)
    shared.is_away = True
    with caplog.at_level(logging.WARNING):
        given = [limits.take("reads", "k").is_exceeded for _ in range(6)]
    assert given == [False] * 5 + [True]
    # It was asked once: who asks waits for it.
    assert shared.asked == 1
    assert "counted by each process" in caplog.text
    shared.is_away = False
    clock.now += 1.1
    assert limits.take("reads", "k").is_exceeded
    assert shared.counted["reads", "k"] == 7


def test_who_is_refused_costs_redis_nothing(shared: Shared) -> None:
    limits = limiter(shared, 2)
    for _ in range(100):
        limits.take("reads", "k")
    assert shared.asked == 3


def test_a_window_that_ended_in_redis_first_begins_anew(clock: FakeClock, shared: Shared) -> None:
    limits = limiter(shared, 3)
    for _ in range(3):
        limits.take("reads", "k")
    clock.now += 5
    shared.ends.clear()
    assert limits.take("reads", "k").left == 2


def test_callers_are_remembered_in_bounded_room(shared: Shared) -> None:
    limits = limiter(shared, 3)
    for number in range(10_050):
        limits.take("reads", str(number))
    assert len(limits._windows) <= 10_000
