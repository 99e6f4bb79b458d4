"""Columns that clicks got later, on a table that a version before has made."""

import pytest

from app.schema.columns import added_columns
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from tests.support.clicks import click_row, insert_clicks


def run(url: str) -> list[str]:
    return migrate(url, timeout_seconds=30, ttl_days=0)


def old_row() -> dict[str, object]:
    return {name: value for name, value in click_row().items() if name not in added_columns()}


def described(url: str) -> dict[str, str]:
    with connect(url, timeout_seconds=30) as client:
        return {name: type_ for name, type_, *_ in client.execute("DESCRIBE TABLE clicks")}


def test_a_table_of_before_gets_the_columns_and_keeps_its_clicks(clickhouse_url):
    run(clickhouse_url)
    before = described(clickhouse_url)
    with connect(clickhouse_url, timeout_seconds=30) as client:
        for name in added_columns():
            client.execute(f"ALTER TABLE clicks DROP COLUMN {name}")
    insert_clicks(clickhouse_url, old_row())
    assert run(clickhouse_url) == []
    assert described(clickhouse_url) == before
    with connect(clickhouse_url, timeout_seconds=30) as client:
        rows = client.execute("SELECT source, click_ids, verdict, reasons FROM clicks")
        assert rows == [("", "", "person", "")]


def test_what_the_version_before_writes_has_empty_columns(clickhouse_url):
    run(clickhouse_url)
    insert_clicks(clickhouse_url, old_row())
    assert run(clickhouse_url) == []
    with connect(clickhouse_url, timeout_seconds=30) as client:
        assert client.execute("SELECT count() FROM clicks WHERE source = ''") == [(1,)]


@pytest.mark.parametrize(
    ("bot", "is_bot", "verdict"),
    [("", False, "person"), ("Googlebot", True, "bot"), ("prerender", True, "prefetch")],
)
def test_what_the_version_before_writes_has_the_verdict_that_it_meant(
    clickhouse_url, bot, is_bot, verdict
):
    run(clickhouse_url)
    insert_clicks(clickhouse_url, old_row() | {"bot": bot, "is_bot": is_bot})
    with connect(clickhouse_url, timeout_seconds=30) as client:
        assert client.execute("SELECT verdict, reasons FROM clicks") == [(verdict, "")]
