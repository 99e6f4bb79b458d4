import pytest

from app.health.check import Check
from app.health.clickhouse.server import clickhouse_checks, judge_durability
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect

_SET_TTL = "ALTER TABLE clicks MODIFY TTL toDateTime(time) +"


def look(url: str) -> dict[str, Check]:
    return {check.name: check for check in clickhouse_checks(url, timeout_seconds=5, ttl_days=0)}


def test_a_migrated_database_is_well(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    assert {name: check.state for name, check in look(clickhouse_url).items()} == {
        "clickhouse": "ok",
        "clickhouse clock": "ok",
        "schema": "ok",
        "clickhouse disk": "ok",
        "clickhouse inserts": "ok",
        "clickhouse reports": "ok",
        "tables": "ok",
        "lifetimes": "ok",
        "resting months": "ok",
        "sums": "ok",
    }


def test_looking_inserts_nothing(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    look(clickhouse_url)
    with connect(clickhouse_url, timeout_seconds=30) as client:
        for table in ("clicks", "ledger"):
            assert client.execute(f"SELECT count() FROM {table}") == [(0,)]


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
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=30) as client:
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
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=30) as client:
        client.execute("TRUNCATE TABLE migrations")
    assert look(clickhouse_url)["schema"].text.startswith("not applied: 0001_clicks.sql")


def test_a_schema_from_the_future_is_a_failure(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=30) as client:
        client.execute(
            "INSERT INTO migrations (number, name, checksum) VALUES",
            [(9999, "9999_later.sql", "0" * 64)],
        )
    assert "9999_later.sql" in look(clickhouse_url)["schema"].text


def test_a_server_that_is_away_is_raised(free_port) -> None:
    with pytest.raises(ClickHouseUnavailable):
        look(f"clickhouse://127.0.0.1:{free_port()}/x")


@pytest.mark.parametrize(
    ("statement", "name", "words"),
    [
        ("ALTER TABLE clicks DROP COLUMN user_agent", "tables", "clicks has no user_agent"),
        ("ALTER TABLE clicks RENAME COLUMN bot TO robot", "tables", "clicks has no bot"),
        (
            "ALTER TABLE clicks MODIFY COLUMN host String",
            "tables",
            "clicks.host is String, not",
        ),
        ("RENAME TABLE clicks TO clicks_old", "tables", "no clicks"),
        ("DETACH TABLE ledger", "tables", "no ledger"),
        ("DROP TABLE beginnings", "tables", "no beginnings"),
        (
            "ALTER TABLE clicks MODIFY TTL toDateTime(time) + toIntervalDay(7)",
            "lifetimes",
            "7 days",
        ),
        (
            "ALTER TABLE clicks MODIFY TTL toDateTime(time) + toIntervalHour(7)",
            "lifetimes",
            "rule of",
        ),
        ("ALTER TABLE ledger REMOVE TTL", "lifetimes", "ledger for ever instead of for 35 days"),
    ],
)
def test_a_table_that_somebody_changed_is_told_of(
    clickhouse_url: str, statement: str, name: str, words: str
) -> None:
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=30) as client:
        client.execute(statement)
    check = look(clickhouse_url)[name]
    assert check.state == ("warn" if name == "lifetimes" else "fail")
    assert words in check.text


def test_a_table_of_another_engine_is_told_of(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=30) as client:
        client.execute("RENAME TABLE clicks TO old")
        client.execute("CREATE TABLE clicks AS old ENGINE = MergeTree ORDER BY time")
    found = look(clickhouse_url)
    assert "clicks is MergeTree, no ReplacingMergeTree" in found["tables"].text
    assert found["clickhouse reports"].state == "fail"


def test_a_column_that_somebody_added_does_no_harm(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=30) as client:
        client.execute("ALTER TABLE clicks ADD COLUMN note String")
    assert {check.state for check in look(clickhouse_url).values()} == {"ok"}


def test_refused_inserts_are_told_of(clickhouse_url: str) -> None:
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    check = look(f"{clickhouse_url}?readonly=2")["clickhouse inserts"]
    assert (check.state, "grant it" in check.mend) == ("fail", True)
