import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from app.schema import migrations
from app.schema.lifetime import ttl_of
from app.schema.migrations import Migration, SchemaMismatch, known, migrate, outstanding
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect
from app.stores.clickhouse.driver import Client
from tests.support.clicks import click_row, insert_clicks

FIRST = Migration("0001_one.sql", "CREATE TABLE IF NOT EXISTS one")
SECOND = Migration("0002_two.sql", "ALTER TABLE one ADD COLUMN IF NOT EXISTS two String")


@pytest.fixture
def client(clickhouse_url: str) -> Iterator[Client]:
    with connect(clickhouse_url, timeout_seconds=30) as client:
        yield client


def run(url: str, ttl_days: int = 0) -> list[str]:
    return migrate(url, timeout_seconds=10, ttl_days=ttl_days)


def engine(client: Client) -> str:
    [(text,)] = client.execute(
        "SELECT engine_full FROM system.tables"
        " WHERE database = currentDatabase() AND name = 'clicks'"
    )
    return str(text)


def test_all_known_migrations_are_applied_once(clickhouse_url: str) -> None:
    assert run(clickhouse_url) == [migration.name for migration in known()]
    assert run(clickhouse_url) == []


def test_a_database_that_is_missing_is_created(clickhouse_url: str) -> None:
    parts = urlsplit(clickhouse_url)
    url = parts._replace(path=f"{parts.path}_new").geturl()
    try:
        assert run(url)
    finally:
        with connect(url, timeout_seconds=10, database="default") as client:
            client.execute(f"DROP DATABASE {parts.path[1:]}_new SYNC")


def test_threads_that_migrate_at_once_leave_one_schema(clickhouse_url: str, client: Client) -> None:
    with ThreadPoolExecutor(8) as threads:
        for days in (30, 0):
            list(threads.map(lambda _, days=days: run(clickhouse_url, days), range(8)))
            assert ttl_of(engine(client)) == days
    assert run(clickhouse_url) == []
    assert client.execute("SELECT count() FROM migrations FINAL") == [(len(known()),)]


def test_two_processes_that_migrate_at_once_both_succeed(clickhouse_url: str) -> None:
    code = (
        "import sys; from app.schema.migrations import migrate;"
        "migrate(sys.argv[1], timeout_seconds=60, ttl_days=30)"
    )
    command = [sys.executable, "-c", code, clickhouse_url]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outcomes = [(child.communicate(timeout=120)[1], child.returncode) for child in both]
    assert outcomes == [("", 0), ("", 0)]


def test_a_database_newer_than_the_code_is_refused(clickhouse_url: str, client: Client) -> None:
    run(clickhouse_url)
    row = (9999, "9999_later.sql", "0" * 64)
    client.execute("INSERT INTO migrations (number, name, checksum) VALUES", [row])
    with pytest.raises(SchemaMismatch, match=r"has migration 9999_later\.sql, which this version"):
        run(clickhouse_url)


def test_an_applied_file_that_changed_is_refused(clickhouse_url: str, client: Client) -> None:
    run(clickhouse_url)
    row = (1, "0001_clicks.sql", "0" * 64)
    client.execute("INSERT INTO migrations (number, name, checksum) VALUES", [row])
    with pytest.raises(SchemaMismatch, match=r"0001_clicks\.sql was applied with other content"):
        run(clickhouse_url)


def test_clicks_are_kept_for_ever_until_a_number_of_days_is_set(
    clickhouse_url: str, client: Client
) -> None:
    run(clickhouse_url)
    assert ttl_of(engine(client)) == 0
    for days in (30, 30, 7, 0, 0):
        run(clickhouse_url, days)
        assert ttl_of(engine(client)) == days


def test_a_click_older_than_its_days_is_forgotten(clickhouse_url: str, client: Client) -> None:
    run(clickhouse_url)
    [(now,)] = client.execute("SELECT now64(3, 'UTC')")
    insert_clicks(clickhouse_url, click_row(now), click_row(now.replace(year=now.year - 1)))
    run(clickhouse_url, ttl_days=30)
    client.execute("OPTIMIZE TABLE clicks FINAL")
    assert client.execute("SELECT count() FROM clicks") == [(1,)]


def test_a_server_that_is_away_may_be_asked_again(free_port) -> None:
    with pytest.raises(ClickHouseUnavailable, match="is away: Connection refused"):
        migrate(f"clickhouse://127.0.0.1:{free_port()}/x", timeout_seconds=1, ttl_days=0)


def test_several_hosts_whose_tables_would_be_apart_are_refused(clickhouse_url, free_port) -> None:
    host = urlsplit(clickhouse_url).netloc.rpartition("@")[2]
    several = clickhouse_url.replace(host, f"{host},127.0.0.1:{free_port()}")
    with pytest.raises(SchemaMismatch, match="each of which would have clicks of its own"):
        run(several)
    with connect(clickhouse_url, timeout_seconds=30) as client:
        assert client.execute("SHOW TABLES") == []


def test_what_is_outstanding_comes_in_order() -> None:
    assert outstanding([FIRST, SECOND], {}) == [FIRST, SECOND]
    assert outstanding([FIRST, SECOND], {FIRST.name: FIRST.checksum}) == [SECOND]


def test_files_are_numbered_without_gaps() -> None:
    assert [migration.number for migration in known()] == list(range(1, len(known()) + 1))


def test_every_file_is_one_statement_that_may_be_carried_out_twice() -> None:
    for migration in known():
        sql = re.sub(r"--.*", "", migration.statement)
        assert ";" not in sql
        assert re.search(r"\b(IF (NOT )?EXISTS|MODIFY SETTING)\b", sql), migration.name


def test_tables_of_an_older_version_are_synced_from_then_on(
    clickhouse_url: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "known", lambda: known()[:2])
    assert len(run(clickhouse_url)) == 2
    monkeypatch.undo()
    assert run(clickhouse_url)
    for table in ("clicks", "ledger"):
        [(text,)] = client.execute(
            "SELECT engine_full FROM system.tables"
            f" WHERE database = currentDatabase() AND name = '{table}'"
        )
        assert "fsync_after_insert = 1, fsync_part_directory = 1" in text
        assert "min_rows_to_fsync_after_merge = 1" in text


@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE clicks", "RENAME TABLE clicks TO old", "DETACH TABLE ledger PERMANENTLY"],
)
def test_a_table_that_is_gone_is_not_made_anew_unasked(clickhouse_url, statement):
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=30) as client:
        client.execute(statement)
        with pytest.raises(SchemaMismatch, match="which a migration made: bring back what was"):
            migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
        if "DETACH" not in statement:
            client.execute("TRUNCATE TABLE migrations")
            migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
            assert client.execute("SELECT count() FROM clicks") == [(0,)]
