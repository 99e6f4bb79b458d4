"""The monitor of sums, over an upkeep that says what is due, and as a thread on real stores."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from app.metrics.workers import SumsMetrics
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect
from app.sums.comparison import Difference
from app.sums.days import clean_days
from app.sums.schedule import Times
from app.sums.upkeep import Standing
from tests.support.clicks import click_row, insert_clicks
from tests.support.redirect.waiting import wait_until
from workers.monitor.sums_monitor import TURN_SECONDS, SumsMonitor, SumsThread

NOW = datetime(2026, 5, 10, 12, 0, tzinfo=UTC)
DAYS = [date(2026, 5, 9), date(2026, 5, 8)]


class FakeUpkeep:
    """Has days that wait; each takes some seconds of a clock."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.waiting = list(DAYS)
        self.computed: list[date] = []
        self.tidied = 0
        self.seconds = seconds
        self.now = 1_000_000.0

    def look(self) -> Standing:
        return Standing(Times(NOW, timedelta(0)), [], list(self.waiting), list(self.waiting))

    def compute(self, day: date) -> None:
        self.now += self.seconds
        self.waiting.remove(day)
        self.computed.append(day)

    def compare(self) -> list[Difference]:
        return [Difference(DAYS[0], "demo", 3, 3, 2, 2)]

    def tidy(self, standing: Standing) -> None:
        self.tidied += 1

    def close(self) -> None:
        pass


@pytest.fixture
def registry():
    return CollectorRegistry()


def monitor(upkeep, registry, locks=lambda: True, waits=None):
    def wait(seconds: float) -> bool:
        upkeep.now += seconds
        return bool(waits) and waits(seconds)

    return SumsMonitor(upkeep, locks, SumsMetrics(registry), wait, lambda: upkeep.now)


def shown(registry, state):
    return registry.get_sample_value("hopline_sums_days", {"state": state})


def test_what_is_due_is_computed_and_shown(registry):
    upkeep = FakeUpkeep()
    monitor(upkeep, registry).look()
    assert upkeep.computed == DAYS
    assert upkeep.tidied == 1
    assert shown(registry, "waiting") == 0
    assert registry.get_sample_value("hopline_sums_behind_seconds") == 0


def test_who_has_no_turn_only_shows_how_far_it_is(registry):
    upkeep = FakeUpkeep()
    monitor(upkeep, registry, locks=lambda: False).look()
    assert upkeep.computed == []
    assert shown(registry, "waiting") == 2
    # The older day has been over since the midnight before.
    assert registry.get_sample_value("hopline_sums_behind_seconds") == 36 * 3600


def test_a_turn_ends_when_another_host_may_have_one(registry):
    upkeep = FakeUpkeep(seconds=TURN_SECONDS / 2)
    monitor(upkeep, registry).look()
    assert upkeep.computed == DAYS[:1]


def test_rest_is_a_multiple_of_the_work(registry):
    upkeep, rests = FakeUpkeep(seconds=2.0), []
    monitor(upkeep, registry, waits=rests.append).look()
    assert rests == [6.0, 6.0]


def test_who_is_stopped_computes_no_more(registry):
    upkeep = FakeUpkeep()
    monitor(upkeep, registry, waits=lambda seconds: True).look()
    assert upkeep.computed == DAYS[:1]


def test_sums_that_differ_are_told_with_day_and_link(registry, caplog):
    monitor(FakeUpkeep(), registry).look()
    assert "the sums of 2026-05-09 for link demo say 3 clicks" in caplog.text


def test_an_outage_is_waited_for(registry, caplog):
    upkeep = FakeUpkeep()
    upkeep.look = lambda: (_ for _ in ()).throw(ClickHouseUnavailable("away"))
    monitor(upkeep, registry).look()
    assert "sums of days wait to be computed: away" in caplog.text


def test_the_workers_compute_days_that_are_over(redis_url, migrated_url, make_settings, registry):
    long_ago = datetime(2026, 5, 10, 12, 0, tzinfo=UTC)
    with connect(migrated_url, timeout_seconds=30) as client:
        client.execute("DROP VIEW click_marking SYNC")
        insert_clicks(migrated_url, click_row(long_ago))
        migrate(migrated_url, timeout_seconds=30, ttl_days=0)
        settings = make_settings(redis_url=redis_url, clickhouse_url=migrated_url)
        with closing(SumsThread(settings, SumsMetrics(registry))):
            wait_until(lambda: long_ago.date() in clean_days(client))
