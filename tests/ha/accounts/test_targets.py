import pytest

from tests.chaos.monitors.run_queue import Delay
from tests.chaos.visitors.client_log import Sent
from tests.ha.accounts.counts import Stored
from tests.ha.accounts.outcome import Outcome, Span, Struck, Target
from tests.ha.accounts.recording import Entry
from tests.ha.accounts.targets import (
    BUSY_SHARE,
    busy_share,
    freshness,
    judge,
    links,
    recording,
    verdict_of,
    visitors,
)
from tests.ha.monitors.failover_observer import Promotion
from tests.ha.monitors.link_switches import Switch

START_MS, BLOW_MS, PROMOTED_MS, TAKES_MS = 100_000, 105_000, 107_000, 108_000


def clicks():
    """One click every 100 ms for ten seconds, each answered at once."""
    return [
        Sent(number, at_ms, at_ms + 1, 1.0, "host1", "code1")
        for number, at_ms in enumerate(range(START_MS, START_MS + 10_000, 100), 1)
    ]


def good(**other):
    sent = clicks()
    entries = [
        Entry(max(click.sent_ms, 108_200 if click.sent_ms >= BLOW_MS else 0), click.number)
        for click in sent
    ]
    whole = Outcome(
        clicks=sent,
        stalls=[],
        delays=[],
        stored=Stored({click.number: 1 for click in sent}, {}, len(sent)),
        entries=entries,
        struck=[Struck(BLOW_MS, "master killed")],
        promotions=[Promotion(6379, PROMOTED_MS, (107_900, 107_950), TAKES_MS)],
        switches=[Switch("switch1", 106_000, (106_010, 107_300))],
        held={"switch1"},
        astray=[],
        spooled=0,
        is_settled=True,
        found=[],
        spans=[],
        noted={},
        store="Valkey 9",
    )
    return whole._replace(**other)


def targets(outcome):
    return judge(outcome, (links, recording, visitors))


def missed(outcome):
    return {one.name for one in targets(outcome) if one.verdict != "met"}


def test_a_good_run_meets_every_target():
    assert missed(good()) == set()
    found = {one.name: one.found for one in targets(good())}
    assert found["recording resumes"] == 200
    assert found["disabled link heard everywhere"] == 300


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"stored": Stored({1: 1}, {}, 1)}, "clicks lost"),
        ({"is_settled": False}, "not all processed in time"),
        ({"found": [Target("other than 1 promotions", 1, 0)]}, "other than 1 promotions"),
        ({"astray": ["switch1 at 8080"]}, "disabled links that redirect at the end"),
        (
            {"switches": [Switch("switch1", 106_000, (None, 106_010))]},
            "disabled links never heard of",
        ),
        (
            {"switches": [Switch("switch1", 106_000, (106_010, 108_100))]},
            "disabled link heard everywhere",
        ),
        ({"entries": [Entry(109_100, 1)]}, "recording resumes"),
        ({"entries": []}, "recording resumes"),
        ({"clicks": [*clicks(), Sent(101, 109_000, 0)]}, "clicks unanswered"),
        (
            {"clicks": [*clicks()[:-1], Sent(100, 109_000, 109_060, 60.0, "host1")]},
            "slowest visitor",
        ),
    ],
)
def test_whatever_is_amiss_misses_its_target(other, name):
    assert name in missed(good(**other))


def test_a_link_whose_change_went_with_the_old_master_proves_nothing():
    switches = [Switch("switch1", 106_000, (None, None))]
    assert missed(good(switches=switches, held=set())) == set()


def test_in_a_blow_s_second_visitors_may_wait_longer():
    slow = [
        click._replace(waited_ms=90.0) if click.sent_ms == 105_500 else click for click in clicks()
    ]
    assert missed(good(clicks=slow)) == set()


def test_a_time_that_the_machine_took_is_marked_and_not_missed():
    assert Target("slowest", 70.0, 50.0, True, 30.0).verdict == "the machine's"
    assert Target("slowest", 70.0, 50.0, True, 10.0).verdict == "missed"
    assert Target("slowest", 50.0, 50.0, True).verdict == "met"


def verdict(outcome, *, is_lenient=False):
    return verdict_of(targets(outcome), busy_share(outcome), is_lenient=is_lenient)


BUSY = [Delay(START_MS, BLOW_MS, "host1", (BLOW_MS - START_MS) * (BUSY_SHARE + 0.1))]
LATE = {"entries": []}
LOST = {"stored": Stored({1: 1}, {}, 1)}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, "passed"),
        ({"delays": BUSY}, "passed"),
        (LATE, "FAILED"),
        ({**LATE, "delays": BUSY}, "void"),
        ({"is_settled": False, "delays": BUSY}, "void"),
        ({"is_settled": False}, "FAILED"),
        (LOST, "FAILED"),
        ({**LOST, "delays": BUSY}, "FAILED"),
    ],
)
def test_a_machine_that_is_too_busy_excuses_what_is_late_and_never_what_is_lost(other, expected):
    assert verdict(good(**other)) == expected


def test_no_time_fails_a_lenient_run():
    assert verdict(good(**LATE), is_lenient=True) == "passed"
    assert verdict(good(**LOST), is_lenient=True) == "FAILED"


def test_who_counts_clicks_and_waits_is_not_on_a_visitor_s_way():
    waits = [Delay(START_MS, START_MS + 10_000, "counts 7", 9_000.0)]
    assert busy_share(good(delays=waits)) == 0.0
    assert busy_share(good(delays=BUSY)) > BUSY_SHARE


def test_what_is_counted_last_tells_how_fresh_clicks_were():
    at_ms = {click.number: click.sent_ms + 300 for click in clicks()}
    stored = Stored({}, {**at_ms, 7: at_ms[7] + 4_000}, 0)
    (target,) = freshness(good(stored=stored), most_ms=4_000.0)
    assert (target.found, target.verdict) == (4_300, "missed")


def test_a_time_of_the_scenario_s_own_is_judged_like_others():
    spans = [Span("no row arrived", START_MS, 1_200.0, 1_000.0)]
    assert missed(good(spans=spans)) == {"no row arrived"}
    busy = [Delay(START_MS, START_MS + 500, "counts 7", 400.0)]
    (target,) = (one for one in targets(good(spans=spans, delays=busy)) if "row" in one.name)
    assert target.verdict == "the machine's"
