from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.times import parse_time, rfc3339, unix_ms

NOW = datetime(2026, 5, 10, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T07:05", datetime(2026, 5, 1, 7, 5, tzinfo=UTC)),
        ("2026-05-01 07:05:09.250", datetime(2026, 5, 1, 7, 5, 9, 250000, tzinfo=UTC)),
        ("2026-05-01T07:05Z", datetime(2026, 5, 1, 7, 5, tzinfo=UTC)),
        ("2026-05-01T07:05+02:00", datetime(2026, 5, 1, 5, 5, tzinfo=UTC)),
        ("30m", datetime(2026, 5, 10, 12, 0, tzinfo=UTC)),
        ("24h", datetime(2026, 5, 9, 12, 30, tzinfo=UTC)),
        ("7d", datetime(2026, 5, 3, 12, 30, tzinfo=UTC)),
        (" 1w ", datetime(2026, 5, 3, 12, 30, tzinfo=UTC)),
        ("0s", NOW),
    ],
)
def test_dates_times_and_amounts_are_read_as_utc(text: str, expected: datetime) -> None:
    assert parse_time(text, NOW) == expected
    assert parse_time(text, NOW).tzinfo is UTC


def test_an_amount_can_lie_ahead() -> None:
    assert parse_time("7d", NOW, amounts="ahead") == datetime(2026, 5, 17, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "7", "7x", "-7d", "2026-13-01", "7 d"])
def test_what_is_no_time_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time: expected a date \(2026-05-01\)"):
        parse_time(text, NOW)


@pytest.mark.parametrize(
    "text", ["999999999w", "0001-01-01", "1969-12-31", "2100-01-01", "9999-12-31T23:59"]
)
def test_times_outside_the_range_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not between 1970 and 2099"):
        parse_time(text, NOW)


@given(st.text())
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        time = parse_time(text, NOW)
    except ValueError:
        return
    assert time.tzinfo is UTC


@given(st.integers(0, 253_402_300_799_999))
def test_a_time_in_milliseconds_reads_back_as_it_was_written(time_ms: int) -> None:
    assert unix_ms(datetime.fromisoformat(rfc3339(time_ms))) == time_ms


def test_times_for_programs_have_milliseconds_and_a_z() -> None:
    assert rfc3339(1_778_416_200_007) == "2026-05-10T12:30:00.007Z"


def test_a_day_before_all_days_in_its_zone_is_outside_the_range() -> None:
    with pytest.raises(ValueError, match="is not between 1970 and 2099"):
        parse_time("0001-01-01", NOW, zone=ZoneInfo("Europe/Berlin"))
