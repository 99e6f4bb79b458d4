import pytest

from tests.chaos.accounts.intervals import Intervals
from tests.chaos.accounts.links import STALE_MS, overused, stale, undone
from tests.chaos.monitors.link_changes import DISABLED, Change, Truth
from tests.chaos.visitors.client_log import Sent
from tests.chaos.visitors.codes import CLICK_LIMIT

CODE = "moving0"
NOTHING = Intervals([])


def truths(*versions, every_ms=500):
    """The version that holds at each look; None where Redis didn't answer."""
    return [
        Truth(place * every_ms, None if version is None else {CODE: version})
        for place, version in enumerate(versions)
    ]


def sent(at_ms, version, *, number=1, code=CODE):
    return Sent(number, at_ms, at_ms + 1, 1.0, "direct", code, version)


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
    unheard = Intervals([(STALE_MS - 100, STALE_MS)])
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
    assert overused(visits, Intervals([(11_000, 15_000)])) == {}
    assert overused(visits, Intervals([(20_000, 25_000)])) == {"limited1": CLICK_LIMIT + 1}


def test_a_confirmed_change_that_is_gone_is_undone_unless_it_went_with_the_tail():
    changes = [Change(100, CODE, 1), Change(1_100, CODE, 2), Change(5_000, CODE, 3)]
    seen = truths(0, 1, 1, 2, 1, 1, 1, 1, 1, 1, 3, 3)
    assert undone(changes, seen, NOTHING) == [changes[1]]
    assert undone(changes, seen, Intervals([(2_000, 3_000)])) == []
    assert undone(changes, truths(0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3), NOTHING) == []


def test_a_change_that_may_have_been_made_unconfirmed_undoes_none():
    changes = [Change(100, CODE, 1), Change(1_100, CODE, 2, is_confirmed=False)]
    assert undone(changes, truths(0, 1, 1, 2, 2, 2), NOTHING) == []
    assert undone(changes, truths(0, 1, 1, 1, 1, 1), NOTHING) == []
