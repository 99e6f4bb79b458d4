import time
from typing import Any

import pytest
from redis import Redis

from app.audit.entry_counts import EntryLedger
from app.audit.writer import write_ledger
from app.clicks.click import Click, new_click_id, to_fields
from app.config.settings import Settings
from app.health.system import minutes
from app.health.system.minutes import look_at_minutes
from app.health.system.samples import Away
from app.redirect.spool.file import SpoolFile
from app.stores.clickhouse.connection import connect
from tests.conftest import MakeSettings


@pytest.fixture
def redis(redis_url: str) -> Any:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def settings(make_settings: MakeSettings, redis_url: str, migrated_url: str) -> Settings:
    return make_settings(redis_url=redis_url, clickhouse_url=migrated_url)


def begin(redis: Redis, settings: Settings) -> None:
    """Have the ledger have begun two hours ago, as workers do."""
    redis.xgroup_create(settings.stream, settings.group, "0", mkstream=True)
    ledger = EntryLedger(redis.execute_command, settings.stream, settings.group)
    ledger.check()
    redis.hset(f"{{{settings.stream}}}:{settings.group}:ledger", "since", "1")


def add(redis: Redis, settings: Settings) -> None:
    now_ms = time.time_ns() // 1_000_000
    click_id = new_click_id(now_ms, (1).to_bytes(10, "big"))
    click = Click(click_id, "abc", now_ms // 1000, "203.0.113.7", "x", "", "https://example.com/")
    redis.xadd(settings.stream, to_fields(click))


def test_clicks_of_the_last_hour_are_told_by_minute_and_state(
    redis: Redis, settings: Settings
) -> None:
    begin(redis, settings)
    assert look_at_minutes(settings)["minutes"] == []
    add(redis, settings)
    found = look_at_minutes(settings)
    (told,) = found["minutes"]
    assert (told["accepted"], told["unread"], told["inserted"]) == (1, 1, 0)
    assert found["is_balanced"]
    assert told["minute"] >= found["since"]


def test_a_click_that_is_nowhere_is_missing_from_its_minute(
    redis: Redis, settings: Settings, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minutes, "PATIENCE_SECONDS", (0.0,))
    begin(redis, settings)
    now_ms = time.time_ns() // 1_000_000
    with connect(migrated_url, timeout_seconds=30) as client:
        write_ledger(client, [new_click_id(now_ms, (2).to_bytes(10, "big"))], [now_ms])
    found = look_at_minutes(settings)
    assert [(one["accepted"], one["missing"]) for one in found["minutes"]] == [(1, 1)]
    assert not found["is_balanced"]


def test_what_keeps_it_from_being_told_is_said(
    redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch, make_settings: MakeSettings
) -> None:
    with pytest.raises(Away, match="not begun"):
        look_at_minutes(settings)
    begin(redis, settings)
    nowhere = "clickhouse://127.0.0.1:1/hopline"
    with pytest.raises(Away, match=r"127\.0\.0\.1:1"):
        look_at_minutes(make_settings(redis_url=settings.redis_url, clickhouse_url=nowhere))
    monkeypatch.setattr(minutes, "_MOST_IN_FLIGHT", 1)
    for _ in range(2):
        add(redis, settings)
    with pytest.raises(Away, match="hopline audit"):
        look_at_minutes(settings)


def test_a_large_spool_is_not_looked_through(
    redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(redis, settings)
    now_ms = time.time_ns() // 1_000_000
    file = SpoolFile(settings.spool_directory, 1 << 24)
    try:
        file.write([(new_click_id(now_ms, bytes([n] * 10)), b"XADD") for n in range(3)])
    finally:
        file.close()
    monkeypatch.setattr(minutes, "_MOST_IN_FLIGHT", 2)
    with pytest.raises(Away, match="hopline audit"):
        look_at_minutes(settings)
    monkeypatch.setattr(minutes, "_MOST_IN_FLIGHT", 3)
    assert sum(one["spooled"] for one in look_at_minutes(settings)["minutes"]) == 3
