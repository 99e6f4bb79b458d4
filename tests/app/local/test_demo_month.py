from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clicks.click import decode, from_fields
from app.local import demo_month
from app.local.demo_links import LINKS, VIRAL_CODE
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError

NOW = datetime(2026, 12, 1, 14, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def month():
    return list(demo_month.clicks(NOW))


def by_day(clicks):
    return Counter(datetime.fromtimestamp(click.timestamp, UTC).date() for click in clicks)


def test_each_day_of_the_month_has_clicks_and_none_is_in_the_future(month):
    days = by_day(month)
    assert set(days) == {(NOW - timedelta(days=ago)).date() for ago in range(demo_month.DAYS + 1)}
    assert all(click.time_ms < NOW.timestamp() * 1000 for click in month)
    assert len({click.click_id for click in month}) == len(month) > 30_000


def test_nobody_follows_a_link_before_it_is_made(month):
    today = NOW.replace(hour=0, minute=0).timestamp()
    ages = {link.code: link.age_days for link in LINKS}
    assert all(click.timestamp >= today - ages[click.short_code] * 86_400 for click in month)
    assert max(ages.values()) <= demo_month.DAYS


def test_weekends_and_nights_are_quiet(month):
    days = by_day(click for click in month if click.short_code == "launch")
    weekend = [count for day, count in days.items() if day.weekday() >= 5]
    week = [count for day, count in days.items() if day.weekday() < 5 and day != NOW.date()]
    assert max(weekend) < sorted(week)[len(week) // 2]
    berlin = [click for click in month if click.accept_language.startswith("de")]
    hours = Counter((click.timestamp // 3600 + 1) % 24 for click in berlin)
    assert hours[3] < hours[11] / 4


def test_one_day_is_viral(month):
    days = by_day(click for click in month if click.short_code == VIRAL_CODE)
    (most, count), (_, next_count) = days.most_common(2)
    assert most.weekday() == 2
    assert count > 2 * next_count
    assert count > 20 * sorted(days.values())[len(days) // 2]


def test_a_mail_is_followed_by_a_gateway_at_once_and_by_people_ever_less(month):
    mailed = [click for click in month if click.short_code == "survey"]
    sent = datetime(2026, 11, 24, 8, tzinfo=UTC).timestamp()
    after = Counter(int(click.timestamp - sent) // 86_400 for click in mailed)
    assert after[0] > 2 * after[1] > 0
    at_once = [
        click for click in month if 0 <= click.timestamp - sent < 3 and not click.accept_language
    ]
    assert len({click.short_code for click in at_once}) >= 3


@settings(max_examples=3)
@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 31)))
def test_what_is_made_twice_within_a_day_is_the_same(when):
    one = when.replace(hour=9, tzinfo=UTC)
    before = list(demo_month.clicks(one))
    after = list(demo_month.clicks(one.replace(hour=10)))
    assert {click.click_id for click in before} <= {click.click_id for click in after}


def test_it_is_written_as_every_producer_writes(month, make_settings, redis_url):
    some = month[:1_201]
    stream = make_settings().stream
    with connect(redis_url, timeout_seconds=30) as client:
        assert demo_month.write(client, redis_url, stream, iter(some)) == len(some)
        entries = client.xrange(stream)
    assert [from_fields(*entry) for entry in entries] == some
    flats = [[part for pair in fields.items() for part in pair] for _, fields in entries]
    assert len(decode([entry_id for entry_id, _ in entries], flats).click_ids) == len(some)


def test_a_store_that_is_away_is_said(month, free_port):
    url = f"redis://127.0.0.1:{free_port()}/0"
    with pytest.raises(RedisError), connect(url, timeout_seconds=1) as client:
        demo_month.write(client, url, "clicks:stream", iter(month[:5]))
