from hypothesis import given
from hypothesis import strategies as st

from app.redirect.entry import click_id_of
from app.redirect.resend import ResendRing, Slice
from app.redirect.resp import encode_command
from tests.app.redirect.fakes import FakeClock

KIB = 1 << 10


def commands(slices: list[Slice]) -> list[bytes]:
    return [command for each in slices for command in each.commands()]


def xadd(number: int, size: int = 1) -> bytes:
    return encode_command(
        b"XADD", b"clicks:stream", b"*", b"click_id", b"%032x" % number, b"a", b"x" * size
    )


def test_it_gives_back_the_last_seconds_once():
    clock = FakeClock()
    ring = ResendRing(4, clock=clock)
    for number in range(10):
        ring.add(b"command%d" % number)
        clock.now += 1
    assert commands(ring.take(clock.now)) == [b"command%d" % number for number in range(6, 10)]
    assert ring.take(clock.now) == []
    assert len(ring) == 0


def test_no_outage_is_too_long():
    clock = FakeClock()
    ring = ResendRing(4, clock=clock)
    ring.add(b"click")
    heard_at = clock.now + 1
    clock.now += 86_400
    assert commands(ring.take(heard_at)) == [b"click"]


def test_what_a_silent_server_confirmed_long_before_it_was_last_heard_is_not_taken():
    clock = FakeClock()
    ring = ResendRing(4, clock=clock)
    ring.add(b"click")
    assert ring.take(clock.now + 5) == []


def test_clicks_of_one_moment_are_all_kept_and_in_order():
    ring = ResendRing(4, clock=FakeClock())
    given_to_it = [b"command%d" % number for number in range(500)]
    for command in given_to_it:
        ring.add(command)
    assert len(ring) == 500
    assert commands(ring.take(0)) == given_to_it


def test_at_high_rates_older_clicks_are_compressed_and_all_are_kept():
    clock = FakeClock()
    ring = ResendRing(4, loose_bytes=256 * KIB, limit_bytes=1024 * KIB, clock=clock)
    given_to_it = [xadd(number, 1000) for number in range(4000)]
    for command in given_to_it:
        ring.add(command)
        clock.now += 0.0001
    slices = ring.take(clock.now)
    assert commands(slices) == given_to_it
    assert sum(each.size for each in slices) < 1024 * KIB < sum(map(len, given_to_it))
    assert [row for each in slices for row in each.rows()] == [
        (click_id_of(command), command) for command in given_to_it
    ]


def test_it_is_bounded_in_bytes_and_says_what_it_lets_go():
    clock = FakeClock()
    short: list[tuple[int, float]] = []
    ring = ResendRing(
        4,
        lambda count, seconds: short.append((count, seconds)),
        loose_bytes=0,
        limit_bytes=2 * KIB,
        clock=clock,
    )
    for number in range(1000):
        ring.add(b"%032x" % number)
        clock.now += 0.01
    kept = commands(ring.take(clock.now))
    assert sum(map(len, kept)) < 16 * KIB
    assert kept[-1] == b"%032x" % 999
    assert sum(count for count, _ in short) + len(kept) == 1000
    assert all(0 < seconds < 4 for _, seconds in short)


def test_old_clicks_are_let_go_when_new_ones_come():
    clock = FakeClock()
    ring = ResendRing(4, clock=clock)
    ring.add(b"old")
    clock.now += 5
    ring.add(b"new")
    assert len(ring) == 1


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 400)), max_size=60), st.floats(0, 9e4))
def test_it_covers_its_seconds_before_the_last_reply_however_long_the_outage(steps, outage):
    clock = FakeClock()
    ring = ResendRing(4, loose_bytes=2 * KIB, clock=clock)
    confirmed: list[tuple[float, bytes]] = []
    for number, (pause, size) in enumerate(steps):
        clock.now += pause
        command = xadd(number, size)
        ring.add(command)
        confirmed.append((clock.now, command))
    heard_at = clock.now
    clock.now += outage
    taken = commands(ring.take(heard_at))
    due = [command for at, command in confirmed if at >= heard_at - 4]
    assert taken[len(taken) - len(due) :] == due
    assert taken == [command for _, command in confirmed][len(confirmed) - len(taken) :]
    assert all(at > heard_at - 4.1 for at, command in confirmed if command in taken)
