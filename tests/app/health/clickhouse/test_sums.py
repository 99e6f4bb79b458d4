"""What doctor says of the sums of closed days."""

from datetime import UTC, date, datetime, timedelta

from app.health.clickhouse.sums import judge_sums
from app.sums.schedule import Times
from app.sums.upkeep import Standing

TIMES = Times(datetime(2026, 5, 10, 12, 0, tzinfo=UTC), timedelta(0))
DAYS = [date(2026, 5, 9), date(2026, 5, 7)]


def test_days_that_wait_for_their_marks_to_settle_are_no_reason_for_concern():
    assert judge_sums(Standing(TIMES, [], DAYS, [])).state == "ok"


def test_days_that_nobody_computes_are_told_with_the_oldest():
    found = judge_sums(Standing(TIMES, [], DAYS, DAYS[:1]))
    assert found.state == "warn"
    assert "1 closed days have none, the oldest 2026-05-07" in found.text
