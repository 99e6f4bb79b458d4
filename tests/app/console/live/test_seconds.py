from app.console.live.seconds import Every
from tests.support.redirect.fakes import FakeClock


def test_what_is_due_each_second_is_so_by_the_clock_and_not_made_up_for() -> None:
    clock = FakeClock()
    every = Every(1, clock)
    found = []
    for step in (0.5, 0.6, 0.2, 0.7, 7, 0.1, 1):
        clock.now += step
        found.append(every.is_due())
    assert found == [False, True, False, True, True, False, True]


def test_turns_that_come_late_do_not_make_seconds_longer() -> None:
    clock = FakeClock()
    every = Every(1, clock)
    due = 0
    for _ in range(100):
        clock.now += 0.3
        due += every.is_due()
    assert due in (29, 30)
