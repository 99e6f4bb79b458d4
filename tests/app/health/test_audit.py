from app.audit.entry_counts import Gap, Noted
from app.health.audit import judge_ledger

NOW = 1_778_414_400.0
NOTED = Noted(0, 0, 0, 0, int(NOW * 1000) - 20_000, 0, 0)

GAPS = [Gap(0, 1, 4), Gap(1, 2, -1)]


def test_a_balanced_ledger_is_well():
    check = judge_ledger(NOTED, [], NOW)
    assert (check.state, check.text) == ("ok", "balanced 20 s ago")


def test_every_difference_is_named():
    check = judge_ledger(NOTED._replace(missing_clicks=2_000, uncounted_clicks=1), GAPS, NOW)
    assert check.state == "fail"
    assert check.text == (
        "entries gone from the stream in a day: 3, clicks missing: 2,000,"
        " clicks that nobody accepted: 1"
    )


def test_a_ledger_that_nobody_looks_at_is_a_warning():
    assert judge_ledger(None, [], NOW).state == "warn"
    begun = judge_ledger(NOTED._replace(compared_ms=0), [], NOW)
    assert (begun.state, begun.text) == ("warn", "not checked yet")
    assert judge_ledger(NOTED, [], NOW + 400).text == "not checked for minutes"


def test_a_stream_or_a_redis_that_was_emptied_is_not_well_for_a_day():
    check = judge_ledger(NOTED, [*GAPS, Gap(2, 3, 0, is_emptied=True)], NOW)
    assert (check.state, "hopline restore" in check.mend) == ("fail", True)
