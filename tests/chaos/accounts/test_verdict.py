import pytest

from tests.chaos.accounts.stored import Stored
from tests.chaos.accounts.verdict import Effect, InjectedFault, effects, intervals, judge, overlaps
from tests.chaos.faults.plan import KILLS_REDIRECT, KILLS_REDIS, LOSES_TAIL, REDIS_AWAY
from tests.chaos.monitors.samplers import StoredSample
from tests.chaos.visitors.client_log import Sent, Stall, read, write, write_stall

NOT_ANSWERED = 0


def answered(number, at_ms):
    return Sent(number, at_ms, at_ms + 2)


def once(code="code1"):
    return Stored(1, 1, code)


def test_every_answered_click_stored_once_is_good():
    clicks = [answered(1, 1000), answered(2, 2000)]
    verdict = judge(clicks, {1: once(), 2: once()}, {"code1": 2}, [])
    assert verdict.is_good
    assert (verdict.sent, verdict.answered, verdict.duplicate_rows) == (2, 2, 0)


def test_an_answered_click_that_is_not_stored_is_lost():
    verdict = judge([answered(1, 1000), answered(2, 2000)], {2: once()}, {"code1": 1}, [])
    assert verdict.lost == [1]
    assert not verdict.is_good


@pytest.mark.parametrize("stored", [{}, {1: once()}])
def test_a_click_without_an_answer_may_be_counted_or_not(stored):
    assert judge([Sent(1, 1000, NOT_ANSWERED)], stored, {"code1": len(stored)}, []).is_good


@pytest.mark.parametrize("click", [answered(1, 1000), Sent(1, 1000, NOT_ANSWERED)])
def test_a_click_with_two_ids_is_doubled(click):
    verdict = judge([click], {1: Stored(2, 2, "code1")}, {"code1": 1}, [])
    assert verdict.doubled == [1]
    assert not verdict.is_good


def test_a_row_that_says_the_same_once_more_is_only_a_duplicate_row():
    verdict = judge([answered(1, 1000)], {1: Stored(1, 3, "code1")}, {"code1": 1}, [])
    assert verdict.duplicate_rows == 2
    assert verdict.is_good


def test_a_click_that_nobody_sent_is_unknown():
    verdict = judge([answered(1, 1000)], {1: once(), 9: once()}, {"code1": 2}, [])
    assert verdict.unknown == [9]
    assert not verdict.is_good


@pytest.mark.parametrize("shown", [1, 3])
def test_a_report_that_shows_another_number_is_not_good(shown):
    clicks = [answered(1, 1000), answered(2, 2000)]
    verdict = judge(clicks, {1: once(), 2: once()}, {"code1": shown, "code2": 0}, [])
    assert verdict.misreported == {"code1": (shown, 2)}
    assert not verdict.is_good


def test_a_code_that_no_report_shows_is_not_good():
    assert judge([answered(1, 1000)], {1: once()}, {}, []).misreported == {"code1": (0, 1)}


@pytest.mark.parametrize(
    ("killed_ms", "away", "is_allowed"),
    [
        (1_500, (1_000, 3_000), True),
        (1_500, (1_550, 3_000), True),
        (1_000, (900, 3_000), True),
        (1_500, (4_000, 5_000), False),
        (9_000, (1_000, 9_500), False),
        (500, (400, 3_000), False),
    ],
)
def test_a_loss_is_allowed_only_just_before_a_kill_while_redis_is_away(killed_ms, away, is_allowed):
    injected = [
        InjectedFault(
            "redirect worker killed", killed_ms, killed_ms + 100, frozenset({KILLS_REDIRECT})
        ),
        InjectedFault("redis killed", *away, frozenset({REDIS_AWAY})),
    ]
    verdict = judge([answered(1, 1_200)], {}, {}, injected)
    assert (verdict.allowed, verdict.lost) == (([1], []) if is_allowed else ([], [1]))


@pytest.mark.parametrize(("waited_ms", "is_allowed"), [(29.0, False), (31.0, True)])
def test_a_loss_just_before_a_kill_is_allowed_if_redis_and_the_disk_were_too_slow(
    waited_ms, is_allowed
):
    injected = [InjectedFault("redirect worker killed", 1_500, 1_600, frozenset({KILLS_REDIRECT}))]
    verdict = judge([answered(1, 1_200)._replace(waited_ms=waited_ms)], {}, {}, injected)
    assert (verdict.allowed, verdict.lost) == (([1], []) if is_allowed else ([], [1]))


@pytest.mark.parametrize(
    ("next_outage", "is_allowed"), [((3_500, 9_000), True), ((6_000, 9_000), False)]
)
def test_a_loss_is_allowed_if_the_worker_dies_before_redis_is_back_from_losing_its_tail(
    next_outage, is_allowed
):
    injected = [
        InjectedFault("tail", 2_000, 3_000, frozenset({REDIS_AWAY, LOSES_TAIL})),
        InjectedFault("redis killed", *next_outage, frozenset({REDIS_AWAY})),
        InjectedFault("redirect worker killed", 8_000, 8_100, frozenset({KILLS_REDIRECT})),
    ]
    verdict = judge([answered(1, 1_200)], {}, {}, injected)
    assert (verdict.allowed, verdict.lost) == (([1], []) if is_allowed else ([], [1]))


@pytest.mark.parametrize(("killed_ms", "is_allowed"), [(2_900, True), (7_000, False)])
def test_a_loss_is_allowed_if_the_worker_dies_before_a_killed_redis_is_back(killed_ms, is_allowed):
    injected = [
        InjectedFault("redis killed", 2_000, 3_000, frozenset({REDIS_AWAY, KILLS_REDIS})),
        InjectedFault("redirect worker killed", killed_ms, killed_ms, frozenset({KILLS_REDIRECT})),
    ]
    verdict = judge([answered(1, 1_800)], {}, {}, injected)
    assert (verdict.allowed, verdict.lost) == (([1], []) if is_allowed else ([], [1]))


def test_what_happens_until_things_are_well_again_is_put_down_to_the_fault():
    clicks = [answered(number, number * 100) for number in range(1, 100)]
    stored = {click.number: once() for click in clicks if click.number not in (15, 60)}
    stored[21] = Stored(1, 2, "code1")
    injected = [InjectedFault("redis killed", 1_000, 2_000)]
    samples = [
        StoredSample(1_900, 19),
        StoredSample(2_100, 19),
        StoredSample(2_500, 22),
        StoredSample(2_800, 25),
    ]
    verdict = judge(clicks, stored, {"code1": len(stored)}, injected)
    assert verdict.lost == [15, 60]
    assert effects(clicks, stored, verdict, injected, samples) == [
        Effect("redis killed", 1, 16, 1, 0, 1, (0.5, 0.5))
    ]


def test_a_fault_that_nothing_was_seen_to_recover_from_has_no_recovery():
    injected = [InjectedFault("redis killed", 1_000, 2_000)]
    (effect,) = effects([answered(1, 500)], {1: once()}, judge([], {}, {}, []), injected, [])
    assert effect.recovery_seconds is None


def test_a_click_that_only_a_proxy_saw_redirected_has_to_be_there_as_well():
    click = Sent(1, 1000, NOT_ANSWERED, via="nginx")
    assert judge([click], {}, {}, [], {"nginx": {1}, "caddy": set()}).lost == [1]
    assert judge([click], {}, {}, [], {"nginx": set(), "caddy": set()}).is_good


def test_the_many_limited_links_need_no_report_of_their_own():
    assert judge([answered(1, 1000)], {1: once("limited3")}, {}, []).is_good


def test_faults_that_struck_at_the_same_time_are_told_in_pairs():
    injected = [
        InjectedFault("b", 0, 10),
        InjectedFault("a", 5, 20),
        InjectedFault("c", 11, 30),
        InjectedFault("a", 40, 50),
    ]
    assert overlaps(injected) == {("a", "b"): 1, ("a", "c"): 1}


def test_spans_of_a_mark_last_as_long_as_things_take_to_be_well():
    injected = [InjectedFault("a", 100, 200, frozenset({REDIS_AWAY})), InjectedFault("b", 500, 600)]
    away = intervals(injected, REDIS_AWAY, 50)
    assert away.meet(240, 245)
    assert not away.meet(251, 700)


def test_the_clients_log_is_read_as_it_was_written(tmp_path):
    clicks = [
        answered(3, 1000)._replace(waited_ms=1.5, via="nginx", code="moving1", version=7),
        Sent(4, 1001, NOT_ANSWERED),
    ]
    path = tmp_path / "client.log"
    with path.open("w") as log:
        write(log, clicks[0])
        write_stall(log, Stall(1001, 1020))
        write(log, clicks[1])
    assert read(path) == (clicks, [Stall(1001, 1020)])
