import pytest

from app.clickhouse import ClickHouseUnavailable, connect
from app.health.check import Check
from app.health.clickhouse import clickhouse_checks, judge_durability
from app.schema.migrations import migrate


def look(url: str) -> dict[str, Check]:
    return {check.name: check for check in clickhouse_checks(url, timeout_seconds=5)}


def test_a_migrated_database_is_well(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=10, ttl_days=0)
    assert {name: check.state for name, check in look(clickhouse_url).items()} == {
        "clickhouse": "ok",
        "clickhouse clock": "ok",
        "schema": "ok",
        "clickhouse disk": "ok",
        "clickhouse inserts": "ok",
    }


def test_looking_inserts_nothing(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=10, ttl_days=0)
    look(clickhouse_url)
    with connect(clickhouse_url, timeout_seconds=5) as client:
        assert client.execute("SELECT count() FROM clicks") == [(0,)]


def test_an_empty_database_needs_a_migration(clickhouse_url: str) -> None:
    found = look(clickhouse_url)
    assert (found["schema"].state, found["schema"].mend) == ("fail", "run `hopline migrate`")
    assert found["clickhouse inserts"].state == "fail"
    assert "clickhouse disk" not in found


def test_a_missing_database_is_found_without_asking_for_it(clickhouse_url: str) -> None:
    found = look(f"{clickhouse_url}_missing")
    assert found["schema"].text.startswith("there is no database test_")
    assert look(clickhouse_url)["clickhouse"].state == "ok"


def test_tables_that_are_not_synced_are_a_failure(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=10, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=5) as client:
        client.execute("ALTER TABLE clicks MODIFY SETTING fsync_after_insert = 0")
        client.execute("ALTER TABLE ledger RESET SETTING min_rows_to_fsync_after_merge")
        found = look(clickhouse_url)["clickhouse disk"]
        assert found.state == "fail"
        assert "clicks without fsync_after_insert" in found.text
        assert "ledger without min_rows_to_fsync_after_merge" in found.text
        for statement in found.mend.split("; "):
            client.execute(statement)
    assert look(clickhouse_url)["clickhouse disk"].state == "ok"


def test_what_a_table_does_not_say_is_as_the_server_says() -> None:
    synced = {
        "fsync_after_insert": "1",
        "fsync_part_directory": "true",
        "min_rows_to_fsync_after_merge": "1",
    }
    engines = {"clicks": "MergeTree", "ledger": "MergeTree SETTINGS index_granularity = 8192"}
    assert judge_durability(engines, synced).state == "ok"
    assert judge_durability(engines, dict.fromkeys(synced, "0")).state == "fail"
    engines["clicks"] += " SETTINGS fsync_after_insert = 0"
    assert judge_durability(engines, synced).state == "fail"


def test_a_schema_that_lacks_a_migration_names_it(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=10, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=5) as client:
        client.execute("TRUNCATE TABLE migrations")
    assert look(clickhouse_url)["schema"].text.startswith("not applied: 0001_clicks.sql")


def test_a_schema_from_the_future_is_a_failure(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=10, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=5) as client:
        client.execute(
            "INSERT INTO migrations (number, name, checksum) VALUES",
            [(9999, "9999_later.sql", "0" * 64)],
        )
    assert "9999_later.sql" in look(clickhouse_url)["schema"].text


def test_a_server_that_is_away_is_raised(free_port) -> None:
    with pytest.raises(ClickHouseUnavailable):
        look(f"clickhouse://127.0.0.1:{free_port()}/x")
