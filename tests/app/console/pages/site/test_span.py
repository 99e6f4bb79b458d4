from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.pages.site.address import Address
from app.console.pages.site.span import PERIODS, Span
from app.reports.query import Query

NOW = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
ZONES = ("UTC", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin", "Pacific/Apia")


def span(query: str, now: datetime = NOW) -> Span:
    return Span.read(Address.read("/", query), now)


@pytest.mark.parametrize("period", PERIODS)
def test_every_period_is_a_question_that_can_be_asked(period: str) -> None:
    Query(**span(f"period={period}").fields)


def test_the_last_day_counts() -> None:
    fields = span("since=2026-10-24&to=2026-10-25&tz=Europe/Berlin").fields
    assert fields["since"] == datetime(2026, 10, 23, 22, tzinfo=UTC)
    # That night clocks go back, so that two days have 49 hours.
    assert fields["until"] == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_a_time_that_goes_on_has_no_end() -> None:
    assert span("period=year").fields["until"] is None
    assert span("since=2026-11-30&to=2026-12-01").fields["until"] is None


@given(
    st.dates(date(2020, 1, 1), date(2026, 11, 1)),
    st.integers(0, 60),
    st.sampled_from(ZONES),
)
def test_earlier_and_later_meet_without_gap_or_overlap(first: date, days: int, tz: str) -> None:
    address = Address("/").with_(since=str(first), to=str(first + timedelta(days=days)), tz=tz)
    here = Span.read(address, NOW)
    earlier = here.earlier(address)
    assert earlier is not None
    before = Span.read(earlier, NOW)
    assert before.fields["until"] == here.fields["since"]
    back = before.later(earlier)
    assert back is not None
    again = Span.read(back, NOW)
    assert again.first == here.first
    assert here.fields["since"].astimezone(ZoneInfo(tz)).date() == first


def test_months_follow_months() -> None:
    address = Address.read("/", "period=month")
    earlier = span("period=month").earlier(address)
    assert str(earlier) == "/?since=2026-11-01&to=2026-11-30"
    assert str(Span.read(earlier, NOW).earlier(earlier)) == "/?since=2026-10-01&to=2026-10-31"
    assert span("period=month").later(address) is None
