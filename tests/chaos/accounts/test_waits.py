from tests.chaos.accounts.intervals import Intervals
from tests.chaos.accounts.waits import Wait, judge_waits
from tests.chaos.monitors.run_queue import Delay
from tests.chaos.visitors.client_log import Sent, Stall

NOTHING = Intervals([])


def sent(at_ms, *, code="code1", waited_ms=1.0, via="direct"):
    return Sent(1, at_ms, at_ms + 1, waited_ms, via, code)


def long_after(clicks):
    """The clicks of visitors who come when the workers have long known every link."""
    return [sent(-10_000), *clicks]


def test_a_long_wait_without_a_reason_is_named():
    waits = judge_waits(long_after([sent(1_000, waited_ms=51.0), sent(2_000)]), [], [], NOTHING)
    assert waits.unexplained == [Wait(1, 1_000, 51.0)]
    assert waits.slowest_ms == 51.0


def test_a_wait_is_put_down_to_the_fault_that_hit_who_answers():
    waits = judge_waits(
        long_after([sent(1_000, waited_ms=300.0)]),
        [],
        [],
        Intervals([(1_200, 1_250), (-10_000, -9_000)]),
    )
    assert (waits.hit, waits.unexplained, waits.slowest_ms) == (1, [], 0.0)


def waits_of(waited_ms, via="direct", stalls=(), delays=()):
    return judge_waits(
        long_after([sent(1_000, waited_ms=waited_ms, via=via)]), stalls, delays, NOTHING
    )


def test_a_wait_is_put_down_to_the_machine_only_as_far_as_the_clients_stood_still():
    stalls = [Stall(1_010, 1_050)]
    assert waits_of(70.0, stalls=stalls).starved == 1
    assert len(waits_of(95.0, stalls=stalls).unexplained) == 1


def test_a_wait_is_put_down_to_the_machine_only_as_far_as_who_answers_waited_for_a_processor():
    delays = [
        Delay(500, 520, "redirect", 900.0),
        Delay(1_010, 1_030, "redirect", 15.0),
        Delay(1_010, 1_030, "nginx", 15.0),
        Delay(1_030, 1_050, "redis", 12.0),
        Delay(3_000, 3_020, "redirect", 900.0),
    ]
    assert waits_of(75.0, delays=delays).starved == 1
    assert len(waits_of(80.0, delays=delays).unexplained) == 1
    assert waits_of(80.0, via="nginx", delays=delays).starved == 1


def test_limited_links_and_unanswered_visitors_are_not_known_links():
    clicks = [sent(1_000, code="limited1", waited_ms=90.0), Sent(2, 1_000, 0, 90.0)]
    assert judge_waits(long_after(clicks), [], [], NOTHING).unexplained == []


def test_the_first_visitors_may_wait_until_the_workers_know_their_links():
    assert judge_waits([sent(1_000, waited_ms=90.0)], [], [], NOTHING).unexplained == []
