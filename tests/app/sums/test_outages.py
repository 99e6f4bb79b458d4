"""ClickHouse is killed while sums are made, or gets clicks meanwhile: no report is ever wrong."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from app.reports.query import Query
from app.reports.reading.reader import Reports
from app.reports.sums import division
from app.schema.migrations import migrate
from app.schema.sums import SUM_TABLES
from app.stores.clickhouse.client import HostedClient
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect
from app.sums import computation
from app.sums.comparison import compare_sums
from app.sums.computation import Computation
from app.sums.days import clean_days
from app.sums.upkeep import Upkeep
from tests.support.clicks import click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
#: Over for long enough, also just after midnight.
NOON = TODAY - timedelta(days=2) + timedelta(hours=12)
DAY = NOON.date()
CLICKS = 60
#: Each row is a part of its own, and some time apart from the next.
ROW_BY_ROW = {"max_block_size": 1, "min_insert_block_size_rows": 1}


@pytest.fixture
def at_once(monkeypatch):
    """Have marks count as settled: the clicks came a moment ago."""
    monkeypatch.setattr(computation, "settle_seconds", lambda _: -3600.0)


def slowly(execute, table):
    """Return what carries out statements, and inserts into a table row by row."""
    beginning = f"INSERT INTO {table}\n"

    def run(self, query, *arguments, **options):
        if beginning in query:
            _, _, rows = query.partition(beginning)
            query = f"{beginning}SELECT * FROM ({rows}) WHERE NOT sleepEachRow(0.02)"
            options["settings"] = {**options["settings"], **ROW_BY_ROW}
        return execute(self, query, *arguments, **options)

    return run


def compute(url):
    with closing(Computation(url, 60)) as computing:
        return computing.compute(DAY)


def rows_of(server, table):
    [(rows,)] = server.execute(f"SELECT count() FROM hopline.{table}")
    return rows


@pytest.mark.parametrize("table", ["day_slices", "click_sums", "click_values"])
@pytest.mark.parametrize("is_first", [True, False])
def test_clickhouse_killed_in_the_middle_of_an_insert_leaves_no_wrong_sums(
    clickhouse_server, monkeypatch, at_once, table, is_first
):
    server = clickhouse_server()
    url = server.url("hopline")
    migrate(url, timeout_seconds=60, ttl_days=0)
    rows = [click_row(NOON + timedelta(minutes=15 * n)) for n in range(-CLICKS // 2, CLICKS // 2)]
    insert_clicks(url, *rows)
    before = None if is_first else compute(url).version
    known = {name: rows_of(server, name) for name in ("click_sums", "click_values")}

    failed = []

    def fail():
        with pytest.raises(ClickHouseUnavailable):
            compute(url)
        failed.append(True)

    with monkeypatch.context() as patch:
        patch.setattr(HostedClient, "execute", slowly(HostedClient.execute, table))
        thread = threading.Thread(target=fail)
        thread.start()
        running = f"SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO {table}%'"
        wait_until(
            lambda: (
                server.execute(running) != [(0,)]
                if table == "day_slices"
                else rows_of(server, table) > known[table]
            ),
            60,
        )
        server.kill()
        thread.join()
    assert failed
    server.start()
    with connect(url, timeout_seconds=60) as client:
        versions = [one.version for one in clean_days(client).values()]
        assert versions == ([] if is_first else [before])
        assert compare_sums(url, 60) == []
        assert compute(url).clicks == CLICKS
        assert compare_sums(url, 60) == []
        assert clean_days(client)[DAY].version != before


def asked(url, noons):
    """Return a report of all closed days since the earliest."""
    with Reports(url, timeout_seconds=60) as reports:
        return reports.ask(
            Query(since=noons[-1] - timedelta(hours=12), until=TODAY, interval="day"), TODAY
        )


def people(answer):
    """Return how many people each of the days had, the latest first; the last is left out."""
    return [bucket.figures.humans for bucket in answer.timeline][-2::-1]


def take_back(client):
    """Make the table one of a version that knew of no sums."""
    client.execute("DROP VIEW click_marking SYNC")
    for table in SUM_TABLES:
        client.execute(f"DROP TABLE {table} SYNC")
    client.execute("ALTER TABLE clicks DROP PROJECTION by_time")


def test_a_table_is_upgraded_and_summed_up_while_clicks_come_in(migrated_url, monkeypatch):
    monkeypatch.setattr(division, "SMALL_CLICKS", 1)
    noons = [NOON - timedelta(days=number) for number in range(4)]
    with connect(migrated_url, timeout_seconds=60) as client:
        take_back(client)
    insert_clicks(migrated_url, *(click_row(noon) for noon in noons for _ in range(20)))
    is_over = threading.Event()
    sent = []

    def send():
        while not is_over.is_set():
            insert_clicks(migrated_url, click_row(TODAY), click_row(noons[-1]))
            sent.append(1)

    def look():
        before = len(sent)
        *others, marked = people(asked(migrated_url, noons))
        assert others == [20, 20, 20]
        assert 20 + before <= marked <= 20 + len(sent) + 1

    with ThreadPoolExecutor(2) as pool:
        sending = pool.submit(send)
        try:
            wait_until(lambda: sent)
            migrating = pool.submit(migrate, migrated_url, timeout_seconds=60, ttl_days=0)
            while not migrating.done():
                look()
            migrating.result()
            with closing(Upkeep(migrated_url, 60)) as upkeep:
                for noon in noons:
                    upkeep.compute(noon.date())
                    look()
        finally:
            is_over.set()
    sending.result()
    answer = asked(migrated_url, noons)
    assert people(answer) == [20, 20, 20, 20 + len(sent)]
    assert answer.source.sums.days == 3
    assert compare_sums(migrated_url, 60) == []
