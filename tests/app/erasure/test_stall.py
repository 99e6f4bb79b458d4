import pytest

from app.erasure.stall import StallDetector, Work
from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def looks(*works: tuple[float, Work]) -> None:
    """Have work looked at, each at its second."""
    clock = Clock()
    detector = StallDetector("127.0.0.1:9000", clock)
    for clock.now, work in works:
        detector.look_at(work)


def test_work_that_goes_on_is_waited_for_however_long() -> None:
    looks(*((60.0 * left, Work(1, 100 - left)) for left in range(100)))


def test_a_failure_that_the_server_gets_over_is_none() -> None:
    failing = Work(1, 2, "Connection loss")
    looks((0, Work(1, 2)), (1, failing), (20, failing), (21, Work(1, 1)), (60, Work(1, 1)))


def test_a_server_that_fails_again_and_again_is_named_with_its_reason() -> None:
    failing = Work(1, 2, "no space left")
    with pytest.raises(ClickHouseRefused, match=r"127\.0\.0\.1:9000 can't delete: no space left"):
        looks((0, failing), (21, failing))


def test_a_stall_ends_the_wait_and_says_where_to_look() -> None:
    with pytest.raises(ClickHouseUnavailable, match=r"2 parts are left.*system\.mutations"):
        looks((0, Work(1, 3)), (50, Work(1, 2)), (140, Work(1, 2)), (141, Work(1, 2)))
