import gevent
from hypothesis import given
from hypothesis import strategies as st

from app.redirect.redis.resp import encode_command
from app.redirect.spool.retransmit_buffer import RetransmitBuffer, Segment
from app.redirect.visits.xadd_encoder import click_id_of
from tests.support.redirect.fakes import FakeClock
from tests.support.redirect.waiting import wait_until

KIB = 1 << 10
GET = encode_command(b"GET", b"link:abc")


def commands(segments: list[Segment]) -> list[bytes]:
    return [command for each in segments for command in each.clicks()]


def xadd(number: int, size: int = 1) -> bytes:
    return encode_command(
        b"XADD", b"clicks:stream", b"*", b"click_id", b"%032x" % number, b"a", b"x" * size
    )


def keep(buffer: RetransmitBuffer, *written: bytes) -> None:
    """Give commands to a buffer as one write."""
    buffer.add(b"".join(written), len(written))


def test_it_gives_back_the_last_seconds_once():
    clock = FakeClock()
    buffer = RetransmitBuffer(4, clock=clock)
    for number in range(10):
        keep(buffer, xadd(number))
        clock.now += 1
    assert commands(buffer.take(clock.now)) == [xadd(number) for number in range(6, 10)]
    assert buffer.take(clock.now) == []


def test_no_outage_is_too_long():
    clock = FakeClock()
    buffer = RetransmitBuffer(4, clock=clock)
    keep(buffer, xadd(1))
    heard_at = clock.now + 1
    clock.now += 86_400
    assert commands(buffer.take(heard_at)) == [xadd(1)]


def test_what_a_silent_server_confirmed_long_before_it_was_last_heard_is_not_taken():
    clock = FakeClock()
    buffer = RetransmitBuffer(4, clock=clock)
    keep(buffer, xadd(1))
    assert buffer.take(clock.now + 5) == []


def test_clicks_of_one_moment_are_all_kept_and_in_order():
    buffer = RetransmitBuffer(4, clock=FakeClock())
    given_to_it = [xadd(number) for number in range(500)]
    for command in given_to_it:
        keep(buffer, command)
    assert commands(buffer.take(0)) == given_to_it


def test_what_was_written_beside_clicks_is_left_out():
    buffer = RetransmitBuffer(4, clock=FakeClock())
    eval_ = encode_command(b"EVALSHA", b"0" * 40, b"0", b"XADD")
    # What a probe asks Redis: whether it would take a click.
    asked = encode_command(b"XADD", b"clicks:stream", b"NOMKSTREAM", b"0-0", b"a", b"1")
    keep(buffer, GET, asked, xadd(1), eval_, xadd(2), GET, asked)
    (taken,) = buffer.take(0)
    assert list(taken.clicks()) == [xadd(1), xadd(2)]
    assert taken.count() == 2
    assert [click_id for click_id, _ in taken.rows()] == [
        click_id_of(xadd(number)) for number in (1, 2)
    ]


def test_at_high_rates_all_are_kept_in_less_memory():
    clock = FakeClock()
    buffer = RetransmitBuffer(4, limit_bytes=1024 * KIB, clock=clock)
    given_to_it = [xadd(number, 1000) for number in range(4000)]
    for first in range(0, 4000, 20):
        keep(buffer, *given_to_it[first : first + 20])
        clock.now += 0.002
    segments = buffer.take(clock.now)
    assert commands(segments) == given_to_it
    assert sum(each.size_bytes for each in segments) < 1024 * KIB < sum(map(len, given_to_it))
    assert [row for each in segments for row in each.rows()] == [
        (click_id_of(command), command) for command in given_to_it
    ]


def test_they_are_compressed_when_the_event_loop_has_nothing_else_to_do():
    buffer = RetransmitBuffer(3600, idle=gevent.get_hub().loop.idle())
    given_to_it = [xadd(number, 1000) for number in range(12_000)]
    for command in given_to_it:
        keep(buffer, command)
    busy_bytes = buffer.held_bytes
    wait_until(lambda: buffer.held_bytes < busy_bytes / 2)
    assert busy_bytes > 12 << 20
    assert commands(buffer.take(0)) == given_to_it


def test_it_is_bounded_in_bytes_and_says_what_it_lets_go():
    clock = FakeClock()
    short: list[tuple[int, float]] = []
    buffer = RetransmitBuffer(
        4,
        lambda count, seconds: short.append((count, seconds)),
        limit_bytes=2 * KIB,
        clock=clock,
    )
    for number in range(1000):
        keep(buffer, xadd(number), GET)
        clock.now += 0.01
    kept = commands(buffer.take(clock.now))
    assert kept[-1] == xadd(999)
    assert sum(count for count, _ in short) + len(kept) == 1000
    assert all(0 < seconds < 4 for _, seconds in short)


def test_old_clicks_are_let_go_when_new_ones_come():
    clock = FakeClock()
    buffer = RetransmitBuffer(4, clock=clock)
    keep(buffer, xadd(1))
    clock.now += 5
    keep(buffer, xadd(2))
    assert commands(buffer.take(0)) == [xadd(2)]


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 400)), max_size=60), st.floats(0, 9e4))
def test_it_covers_its_seconds_before_the_last_reply_however_long_the_outage(steps, outage):
    clock = FakeClock()
    buffer = RetransmitBuffer(4, clock=clock)
    confirmed: list[tuple[float, bytes]] = []
    for number, (pause, size) in enumerate(steps):
        clock.now += pause
        command = xadd(number, size)
        keep(buffer, command)
        confirmed.append((clock.now, command))
    heard_at = clock.now
    clock.now += outage
    taken = commands(buffer.take(heard_at))
    due = [command for at, command in confirmed if at >= heard_at - 4]
    assert taken[len(taken) - len(due) :] == due
    assert taken == [command for _, command in confirmed][len(confirmed) - len(taken) :]
    assert all(at > heard_at - 4.1 for at, command in confirmed if command in taken)
