from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given

from workers.webhooks import schedule
from workers.webhooks.schedule import (
    MOST_RETRY_AFTER_SECONDS,
    reason,
    rest_seconds,
    retry_after_seconds,
    retry_seconds,
    verdict,
)
from workers.webhooks.sending import Answer

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def impatient() -> None:
    """Times are as they are."""


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, "delivered"), (204, "delivered"), (299, "delivered"), (410, "gone")]
    + [(status, "again") for status in (0, 100, 199, 300, 301, 304, 400, 404, 429, 500, 999)],
)
def test_a_status_says_what_came_of_it(status: int, expected: str) -> None:
    assert verdict(Answer(status)) == expected
    assert bool(reason(Answer(status))) is (expected != "delivered")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", 0),
        ("7", 7),
        (" 120 ", 120),
        ("-7", 0),
        ("7.5", 0),
        ("soon", 0),
        ("٧", 0),
        ("9" * 400, MOST_RETRY_AFTER_SECONDS),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300),
        (format_datetime(NOW - timedelta(minutes=5), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=500), usegmt=True), MOST_RETRY_AFTER_SECONDS),
        ("Tue, 01 Dec 2026 12:05:00", 300),
        ("Tue, 01 Dec 99999 12:05:00 GMT", 0),
    ],
)
def test_both_forms_of_retry_after_are_read_within_bounds(value: str, seconds: float) -> None:
    assert retry_after_seconds(value, NOW) == seconds


@given(st.text(max_size=60))
def test_whatever_it_says_is_a_bounded_wait(value: str) -> None:
    assert 0 <= retry_after_seconds(value, NOW) <= MOST_RETRY_AFTER_SECONDS


def test_tries_are_ever_farther_apart_over_two_days() -> None:
    waits = [retry_seconds(tries, lambda: 0.5) for tries in range(1, 30)]
    assert waits == sorted(waits)
    assert waits[:3] == pytest.approx([5.0, 15.0, 45.0])
    assert waits[-1] == pytest.approx(14_400)
    assert 10 < sum(sum(waits[:count]) < 172_800 for count in range(29)) < 25


def test_waits_have_jitter() -> None:
    assert retry_seconds(1, lambda: 0.0) == pytest.approx(4.0)
    assert retry_seconds(1, lambda: 1.0) == pytest.approx(6.0)
    assert retry_seconds(10**9) <= 14_400 * 1.2


def test_who_fails_again_and_again_rests() -> None:
    assert rest_seconds(schedule.FAILURES_BEFORE_REST - 1) == 0
    assert 4 <= rest_seconds(schedule.FAILURES_BEFORE_REST) <= 6
    assert rest_seconds(10**9) <= 360
