from app.redirect.resend import ResendRing
from tests.app.redirect.fakes import FakeClock


def test_it_gives_back_the_last_seconds_once():
    clock = FakeClock()
    ring = ResendRing(4, clock=clock)
    for number in range(10):
        ring.add(b"command%d" % number)
        clock.now += 1
    assert ring.take() == [b"command%d" % number for number in range(6, 10)]
    assert ring.take() == []


def test_clicks_of_one_moment_are_all_kept_and_in_order():
    ring = ResendRing(4, clock=FakeClock())
    commands = [b"command%d" % number for number in range(500)]
    for command in commands:
        ring.add(command)
    assert ring.take() == commands


def test_it_is_bounded_in_bytes():
    clock = FakeClock()
    ring = ResendRing(4, limit_bytes=30, clock=clock)
    for number in range(5):
        ring.add(b"%010d" % number)
        clock.now += 0.1
    assert [int(command) for command in ring.take()] == [2, 3, 4]


def test_more_in_one_moment_than_it_may_hold_is_let_go():
    ring = ResendRing(4, limit_bytes=30, clock=FakeClock())
    for number in range(5):
        ring.add(b"%010d" % number)
    assert [int(command) for command in ring.take()] == [4]


def test_old_clicks_are_let_go_when_new_ones_come():
    clock = FakeClock()
    ring = ResendRing(4, clock=clock)
    ring.add(b"old")
    clock.now += 5
    ring.add(b"new")
    assert len(ring) == 1
