"""The accounts of links and of waiting."""

import pytest

from tests.chaos.client_log import Sent, Stall
from tests.chaos.codes import CLICK_LIMIT, code_of, is_limited, limited_codes
from tests.chaos.link_account import STALE_MS, overused, stale, undone
from tests.chaos.links import DISABLED, Change, Truth
from tests.chaos.spans import Spans
from tests.chaos.turns import Delay
from tests.chaos.waits import Wait, judge_waits

CODE = "moving0"
NOTHING = Spans([])


def truths(*versions, every_ms=500):
    """The version that holds at each look; None where Redis didn't answer."""
    return [
        Truth(place * every_ms, None if version is None else {CODE: version})
        for place, version in enumerate(versions)
    ]


def sent(at_ms, version, *, number=1, code=CODE, waited_ms=1.0, door="direct"):
    return Sent(number, at_ms, at_ms + 1, waited_ms, door, code, version)


LONG = STALE_MS // 500 + 2


def test_who_is_sent_to_what_long_holds_no_more_was_misled():
    assert stale([sent(STALE_MS + 500, 1)], truths(1, *[2] * LONG), NOTHING) == [1]
    assert stale([sent(STALE_MS + 500, 1)], truths(1, *[DISABLED] * LONG), NOTHING) == [1]


@pytest.mark.parametrize(
    "seen",
    [
        truths(*[1] * (LONG + 1)),
        truths(*[1] * (LONG - 2), 2, 2, 2),
        truths(1, *[2] * 5, None, *[2] * LONG),
        truths(1, 2, 2),
    ],
)
def test_who_follows_what_just_held_or_what_nobody_knows_was_not_misled(seen):
    assert stale([sent(STALE_MS + 500, 1)], seen, NOTHING) == []


def test_who_waited_while_the_link_changed_was_not_misled():
    click = sent(STALE_MS + 500, 2)._replace(answered_ms=STALE_MS + 3_000)
    assert stale([click], truths(*[1] * (LONG + 2), *[2] * 6), NOTHING) == []


def test_who_is_sent_by_a_worker_that_could_hear_nothing_was_not_misled():
    unheard = Spans([(STALE_MS - 100, STALE_MS)])
    assert stale([sent(STALE_MS + 500, 1)], truths(1, *[2] * LONG), unheard) == []


def test_a_limited_link_may_be_followed_as_often_as_its_limit_says():
    visits = [sent(place, 0, code="limited1") for place in range(CLICK_LIMIT)]
    assert overused(visits, NOTHING) == {}
    assert overused([*visits, sent(9, 0, code="limited1")], NOTHING) == {
        "limited1": CLICK_LIMIT + 1
    }
    assert overused([sent(1, 0, code="code1")] * (CLICK_LIMIT + 1), NOTHING) == {}


def test_uses_that_nobody_could_know_of_any_more_are_not_counted():
    visits = [sent(10_000, 0, number=number, code="limited1") for number in range(CLICK_LIMIT + 1)]
    assert overused(visits, Spans([(11_000, 15_000)])) == {}
    assert overused(visits, Spans([(20_000, 25_000)])) == {"limited1": CLICK_LIMIT + 1}


def test_more_visitors_follow_each_limited_link_than_may():
    codes = [code_of(number) for number in range(1, 20_000)]
    assert set(filter(is_limited, codes)) <= set(limited_codes(20_000))
    assert codes.count("limited1") > CLICK_LIMIT


def test_a_confirmed_change_that_is_gone_is_undone_unless_it_went_with_the_tail():
    changes = [Change(100, CODE, 1), Change(1_100, CODE, 2), Change(5_000, CODE, 3)]
    seen = truths(0, 1, 1, 2, 1, 1, 1, 1, 1, 1, 3, 3)
    assert undone(changes, seen, NOTHING) == [changes[1]]
    assert undone(changes, seen, Spans([(2_000, 3_000)])) == []
    assert undone(changes, truths(0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3), NOTHING) == []


def test_a_change_that_may_have_been_made_unconfirmed_undoes_none():
    changes = [Change(100, CODE, 1), Change(1_100, CODE, 2, is_confirmed=False)]
    assert undone(changes, truths(0, 1, 1, 2, 2, 2), NOTHING) == []
    assert undone(changes, truths(0, 1, 1, 1, 1, 1), NOTHING) == []


def long_after(clicks):
    """The clicks of visitors who come when the workers have long known every link."""
    return [sent(-10_000, 1), *clicks]


def test_a_long_wait_without_a_reason_is_named():
    waits = judge_waits(
        long_after([sent(1_000, 1, waited_ms=51.0), sent(2_000, 1)]), [], [], NOTHING
    )
    assert waits.unexplained == [Wait(1, 1_000, 51.0)]
    assert waits.slowest_ms == 51.0


def test_a_wait_is_put_down_to_the_fault_that_hit_who_answers():
    waits = judge_waits(
        long_after([sent(1_000, 1, waited_ms=300.0)]),
        [],
        [],
        Spans([(1_200, 1_250), (-10_000, -9_000)]),
    )
    assert (waits.hit, waits.unexplained, waits.slowest_ms) == (1, [], 0.0)


def waits_of(waited_ms, door="direct", stalls=(), delays=()):
    return judge_waits(
        long_after([sent(1_000, 1, waited_ms=waited_ms, door=door)]), stalls, delays, NOTHING
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
    assert waits_of(80.0, door="nginx", delays=delays).starved == 1


def test_limited_links_and_unanswered_visitors_are_not_known_links():
    clicks = [sent(1_000, 1, code="limited1", waited_ms=90.0), Sent(2, 1_000, 0, 90.0)]
    assert judge_waits(long_after(clicks), [], [], NOTHING).unexplained == []


def test_the_first_visitors_may_wait_until_the_workers_know_their_links():
    assert judge_waits([sent(1_000, 1, waited_ms=90.0)], [], [], NOTHING).unexplained == []


def test_spans_that_overlap_count_once():
    spans = Spans([(0, 10), (5, 20), (30, 40)])
    assert spans.covered_ms(0, 100) == 30
    assert spans.meet(25, 30)
    assert not spans.meet(21, 29)
