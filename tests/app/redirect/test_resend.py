from app.redirect.resend import ResendRing
from tests.app.redirect.fakes import FakeClock


def test_it_gives_back_the_last_seconds_once():
    clock = FakeClock()
    ring = ResendRing(4, clock=clock)
    for number in range(10):
        ring.add(b"id%d" % number, b"command%d" % number)
        clock.now += 1
    assert ring.take() == [(b"id%d" % number, b"command%d" % number) for number in range(6, 10)]
    assert ring.take() == []


def test_it_is_bounded_in_time_and_number():
    clock = FakeClock()
    ring = ResendRing(4, limit=3, clock=clock)
    for number in range(5):
        ring.add(b"id%d" % number, b"")
    assert [click_id for click_id, _ in ring.take()] == [b"id2", b"id3", b"id4"]
    ring.add(b"old", b"")
    clock.now += 5
    ring.add(b"new", b"")
    assert len(ring) == 1
