"""Months that rest, and are read without being merged anew."""

from contextlib import closing
from datetime import timedelta

import pytest

from app.exports.clicks import COLUMNS, ClickExport
from app.health.clickhouse.server import clickhouse_checks
from app.reports.period import Period
from app.reports.query import Query
from app.reports.reading.reader import Reports
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect, of_cluster
from app.stores.clickhouse.shards import ClickHouseConnection
from tests.support.clicks import NOON, click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

NOW = NOON + timedelta(days=31)
MAY, JUNE = Query(codes=("abc",), until=NOON + timedelta(days=15)), Query(codes=("abc",))
_PARTS = """
SELECT count() FROM system.parts
WHERE database = currentDatabase() AND table = 'clicks' AND active AND partition = {month:String}
"""
_REST_A_SECOND = "ALTER TABLE clicks MODIFY SETTING min_age_to_force_merge_seconds = 1"


class Clicks:
    """Clicks of May and June, each of which was stored again with newer enrichment."""

    def __init__(self, url, reports):
        self.url = url
        self._reports = reports

    def add_twice(self, *times):
        for row in map(click_row, times):
            newer = row | {"country": "FR", "enriched_at": row["enriched_at"] + timedelta(hours=1)}
            insert_clicks(self.url, row)
            insert_clicks(self.url, newer)

    def ask(self, statement, **parameters):
        with connect(self.url, timeout_seconds=30) as client:
            return client.execute(statement, parameters)

    def wait_for_one_part(self, month):
        wait_until(lambda: self.ask(_PARTS, month=month) == [(1,)], 60)

    def are_merged_to_be_read(self, query):
        asked = self._reports.statement(query, NOW)
        pipeline = self.ask(f"EXPLAIN PIPELINE {asked.text}", **asked.parameters)
        return any("Replacing" in step for (step,) in pipeline)

    def counted(self, query):
        answer = self._reports.ask(query, NOW)
        countries = {
            share.name: share.clicks
            for breakdown in answer.breakdowns
            if breakdown.by == "country"
            for share in breakdown.top
        }
        assert countries == {"FR": answer.figures.humans}
        return answer.figures.humans

    def exported(self):
        with closing(ClickHouseConnection(self.url, 30)) as connection:
            blocks = ClickExport(connection, self.url, Query(), Period()).blocks()
            return [row for block in blocks for row in block]


@pytest.fixture
def clicks(clickhouse_url):
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    with Reports(clickhouse_url, timeout_seconds=30) as reports:
        yield Clicks(clickhouse_url, reports)


def test_a_month_at_rest_is_read_as_it_is_and_one_that_grows_is_merged(clicks):
    clicks.add_twice(NOON, NOON + timedelta(hours=1))
    clicks.ask(_REST_A_SECOND)
    clicks.wait_for_one_part("202605")
    clicks.ask("SYSTEM STOP MERGES clicks")
    clicks.add_twice(NOW - timedelta(hours=1))
    assert not clicks.are_merged_to_be_read(MAY)
    assert clicks.are_merged_to_be_read(JUNE)
    assert (clicks.counted(MAY), clicks.counted(JUNE)) == (2, 3)
    country = list(COLUMNS).index("country")
    assert [row[country] for row in clicks.exported()] == ["FR"] * 3


def test_a_late_click_opens_its_month_again_until_that_rests(clicks):
    clicks.add_twice(NOON)
    clicks.ask(_REST_A_SECOND)
    clicks.wait_for_one_part("202605")
    clicks.ask("SYSTEM STOP MERGES clicks")
    clicks.add_twice(NOON + timedelta(hours=1))
    assert clicks.are_merged_to_be_read(MAY)
    assert clicks.counted(MAY) == 2
    clicks.ask("SYSTEM START MERGES clicks")
    clicks.wait_for_one_part("202605")
    assert not clicks.are_merged_to_be_read(MAY)
    assert clicks.counted(MAY) == 2


def test_what_was_deleted_from_a_month_at_rest_stays_away(clicks):
    clicks.add_twice(NOON, NOON + timedelta(hours=1))
    clicks.ask(_REST_A_SECOND)
    clicks.wait_for_one_part("202605")
    clicks.ask(f"DELETE FROM clicks WHERE time > '{NOON:%Y-%m-%d %H:%M:%S}'")
    assert not clicks.are_merged_to_be_read(MAY)
    assert clicks.counted(MAY) == 1


def test_a_month_has_rested_after_a_day_unless_somebody_has_set_another_time(clicks):
    query = "SELECT engine_full FROM system.tables WHERE name = 'clicks'"
    for statement, seconds in (("SELECT 1", 86_400), (_REST_A_SECOND, 1)):
        clicks.ask(statement)
        migrate(clicks.url, timeout_seconds=30, ttl_days=0)
        [(engine,)] = clicks.ask(f"{query} AND database = currentDatabase()")
        assert f"min_age_to_force_merge_seconds = {seconds}," in engine
        assert "min_age_to_force_merge_on_partition_only = 1" in engine


@pytest.mark.parametrize("table", ["click_sums", "click_values"])
def test_months_of_sums_rest_as_those_of_clicks_do(clicks, table):
    query = "SELECT engine_full FROM system.tables WHERE database = currentDatabase()"
    [(engine,)] = clicks.ask(f"{query} AND name = '{table}'")
    assert "min_age_to_force_merge_seconds = 86400," in engine
    assert "min_age_to_force_merge_on_partition_only = 1" in engine


def test_the_doctor_is_content_with_parts_that_were_just_added(clicks):
    clicks.ask("SYSTEM STOP MERGES clicks")
    clicks.add_twice(NOON)
    found = clickhouse_checks(clicks.url, timeout_seconds=5, ttl_days=0)
    assert next(each for each in found if each.name == "resting months").state == "ok"


def test_replicas_merge_once_for_all(clickhouse_replicas):
    replicas = clickhouse_replicas()
    migrate(of_cluster(replicas.url("hopline"), "hop", "0"), timeout_seconds=30, ttl_days=0)
    each = [Clicks(one.url("hopline"), None) for one in replicas.replicas]
    each[0].add_twice(NOON, NOON + timedelta(hours=1))
    for one in each:
        one.ask(_REST_A_SECOND)
    for one in each:
        wait_until(lambda one=one: one.ask(_PARTS, month="202605") == [(1,)], 180)
        assert one.ask("SELECT count() FROM clicks") == [(2,)]
