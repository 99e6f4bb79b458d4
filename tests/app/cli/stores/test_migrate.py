from collections.abc import Callable
from typing import Any

import pytest

from app.schema.migrations import known
from app.stores.clickhouse.connection import connect


def test_migrations_are_named_when_applied_and_only_then(
    hopline: Callable[..., Any], clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", clickhouse_url)
    names = [migration.name for migration in known()]
    assert hopline("migrate").out.splitlines() == [f"applied {name}" for name in names]
    assert hopline("migrate") == (0, "up to date\n", "")


def test_a_schema_from_the_future_is_refused_in_one_line(
    hopline: Callable[..., Any], clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", clickhouse_url)
    hopline("migrate")
    with connect(clickhouse_url, timeout_seconds=30) as client:
        client.execute(
            "INSERT INTO migrations (number, name, checksum) VALUES",
            [(9999, "9999_later.sql", "0" * 64)],
        )
    ended = hopline("migrate")
    assert ended.exit_code == 1
    assert ended.err.startswith("hopline: the database has migration 9999_later.sql")
    assert ended.err.count("\n") == 1
