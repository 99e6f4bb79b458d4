import itertools
from collections import Counter

import pytest

from tests.chaos.faults.plan import Kind, make_plan
from tests.chaos.faults.table import FAULTS, PAIRS

KINDS = [fault.kind for fault in FAULTS.values()]


def test_the_same_seed_gives_the_same_faults():
    assert make_plan(KINDS, 7, 300, 3) == make_plan(KINDS, 7, 300, 3)
    assert make_plan(KINDS, 7, 300, 3) != make_plan(KINDS, 8, 300, 3)


@pytest.mark.parametrize("seed", range(20))
def test_faults_that_claim_the_same_never_overlap(seed):
    kinds = {kind.name: kind for kind in KINDS}
    plan = make_plan(KINDS, seed, 300, 1, PAIRS)
    for first, second in itertools.combinations(plan, 2):
        if second.at_seconds < first.at_seconds + first.hold_seconds:
            assert kinds[first.kind].meets(kinds[second.kind])


def test_no_redirect_is_killed_while_its_clock_is_not_the_proxies():
    """A proxy's second try has no name then that the next worker believes."""
    for clock in ("clock ahead", "clock back", "clock of one machine", "midnight"):
        for killed in ("redirect killed whole", "redirect worker killed", "everything killed"):
            assert not FAULTS[clock].kind.meets(FAULTS[killed].kind), (clock, killed)


def test_what_is_shared_can_be_shared_and_not_claimed():
    claiming = Kind("a", frozenset(["redirect"]), (1.0, 1.0))
    sharing = Kind("b", frozenset(["disk"]), (1.0, 1.0), shares=frozenset(["redirect"]))
    other = Kind("c", frozenset(["redis"]), (1.0, 1.0), shares=frozenset(["redirect"]))
    assert sharing.meets(other)
    assert not claiming.meets(sharing)
    assert not sharing.meets(claiming)


@pytest.mark.parametrize("seed", range(20))
def test_faults_of_different_parts_overlap(seed):
    plan = make_plan(KINDS, seed, 300, 1)
    ends = [strike.at_seconds + strike.hold_seconds for strike in plan]
    assert any(end > strike.at_seconds for end, strike in zip(ends[:-1], plan[1:], strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_comes_in_a_run_of_half_an_hour(seed):
    plan = make_plan(KINDS, seed, 1800, 4, PAIRS)
    counts = Counter(strike.kind for strike in plan)
    assert counts.keys() == {kind.name for kind in KINDS}
    assert min(counts.values()) >= 2


@pytest.mark.parametrize("seed", range(5))
def test_faults_that_are_meant_to_meet_do_so_by_turns(seed):
    plan = make_plan(KINDS, seed, 3600, 4, PAIRS)
    for first, partners in PAIRS.items():
        met = {
            other.kind
            for one in plan
            if one.kind == first
            for other in plan
            if one.at_seconds <= other.at_seconds < one.at_seconds + one.hold_seconds
        }
        assert len(met & set(partners)) >= 2, first


@pytest.mark.parametrize("seed", range(5))
def test_a_fault_that_lasts_all_the_time_meets_every_kind_that_can_meet_it(seed):
    lasting = FAULTS["redis out of memory for long"].kind
    plan = make_plan(KINDS, seed, 600, 3, PAIRS, lasting)
    (throughout,) = [strike for strike in plan if strike.kind == lasting.name]
    assert throughout.at_seconds <= 1
    assert throughout.at_seconds + throughout.hold_seconds == 600
    assert {one.kind for one in plan} >= {kind.name for kind in KINDS if kind.meets(lasting)}
    assert "redis filled by visitors" not in {strike.kind for strike in plan}


def test_all_that_are_meant_to_meet_can():
    for first, partners in PAIRS.items():
        for partner in partners:
            assert FAULTS[first].kind.meets(FAULTS[partner].kind), (first, partner)


@pytest.mark.parametrize("seed", range(20))
def test_every_fault_is_lifted_by_the_end(seed):
    plan = make_plan(KINDS, seed, 60, 2)
    assert all(strike.at_seconds + strike.hold_seconds <= 60 for strike in plan)
    assert plan == sorted(plan)


def test_a_fault_waits_until_what_it_claims_is_free():
    kind = Kind("redis killed", frozenset(["redis"]), (5.0, 5.0))
    plan = make_plan([kind], 1, 60, 1)
    gaps = [later.at_seconds - strike.at_seconds for strike, later in itertools.pairwise(plan)]
    assert len(plan) > 5
    assert min(gaps) >= 6


def test_a_long_run_has_300_faults_of_more_than_12_kinds():
    plan = make_plan(KINDS, 1, 1500, 4)
    assert len(plan) >= 300
    assert len({strike.kind for strike in plan}) >= 12
