import pytest

from app.health.clock import judge_skew, measure_skew


def test_half_of_the_way_is_taken_off() -> None:
    here = iter([100.0, 104.0])
    assert measure_skew(lambda: 105.0, lambda: next(here)) == 3.0


@pytest.mark.parametrize(
    ("ahead_seconds", "state"),
    [(0.0, "ok"), (-0.9, "ok"), (1.5, "warn"), (-59, "warn"), (61, "fail")],
)
def test_the_further_apart_the_worse(ahead_seconds: float, state: str) -> None:
    assert judge_skew("redis clock", ahead_seconds).state == state


def test_it_says_which_way() -> None:
    assert judge_skew("redis clock", 2).text == "2.0 s ahead of this host"
    assert judge_skew("redis clock", -2).text == "2.0 s behind this host"
