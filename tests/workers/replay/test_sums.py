"""Replays of days that have sums."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

from app.clicks.click import new_click_id
from app.sums.computation import Computation
from app.sums.days import clean_days
from tests.support.producers import make_click

DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)


def clicks_of_the_day(count):
    begin_ms = int(DAY.timestamp() * 1000)
    for number in range(count):
        time_ms = begin_ms + number * 1000
        yield make_click(
            click_id=new_click_id(time_ms, number.to_bytes(10, "big")), timestamp=time_ms // 1000
        )


def sum_up(world):
    """Compute the day's sums, as if long after its clicks came."""
    world.clickhouse.execute(
        "ALTER TABLE click_marks DELETE WHERE 1", settings={"mutations_sync": 1}
    )
    with closing(Computation(world.settings.clickhouse_url, 30)) as computation:
        computation.compute(DAY.date())
    assert DAY.date() in clean_days(world.clickhouse)


def test_a_replay_marks_the_days_whose_rows_it_replaces(world, countries):
    old, new = countries
    world.process(*clicks_of_the_day(20), geoip_path=old)
    for forget in (lambda: None, world.forget_stream):
        sum_up(world)
        world.replay(geoip_path=old if forget is world.forget_stream else new)
        assert clean_days(world.clickhouse) == {}
        forget()


def test_a_dry_run_marks_nothing(world, countries):
    old, new = countries
    world.process(*clicks_of_the_day(20), geoip_path=old)
    sum_up(world)
    world.replay(geoip_path=new, is_dry=True)
    assert DAY.date() in clean_days(world.clickhouse)
