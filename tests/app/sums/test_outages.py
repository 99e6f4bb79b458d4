"""ClickHouse is killed while sums are made, or gets clicks meanwhile: no report is ever wrong."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from app.schema.migrations import migrate
from app.stores.clickhouse.client import HostedClient
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect
from app.sums import computation
from app.sums.comparison import compare_sums
from app.sums.computation import Computation
from app.sums.days import clean_days
from tests.support.clicks import click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
#: Over for long enough, also just after midnight.
NOON = TODAY - timedelta(days=2) + timedelta(hours=12)
DAY = NOON.date()
CLICKS = 60
#: Each row is a part of its own, and some time apart from the next.
ROW_BY_ROW = {"max_block_size": 1, "min_insert_block_size_rows": 1}


@pytest.fixture(autouse=True)
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


@pytest.mark.parametrize("table", ["day_clicks", "click_sums", "click_values"])
@pytest.mark.parametrize("is_first", [True, False])
def test_clickhouse_killed_in_the_middle_of_an_insert_leaves_no_wrong_sums(
    clickhouse_server, monkeypatch, table, is_first
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
                if table == "day_clicks"
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
