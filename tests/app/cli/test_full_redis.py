"""What an operator needs when Redis is full is what a full Redis must not refuse."""

import json

import pytest
from redis import Redis

from app.clicks.click import to_fields
from tests.support.producers import STREAM, make_click
from tests.support.worker_processes import Workers, wait_until
from tests.support.workers.consuming import dead_letters, is_idle, malformed


@pytest.fixture
def redis(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client
        client.config_set("maxmemory", 0)


def test_an_operator_can_look_stop_links_and_throw_letters_away(
    hopline, redis, redis_url, migrated_url, make_settings, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    for code in ("one", "two"):
        assert hopline("links", "add", "https://example.com/", "--code", code).exit_code == 0
    settings = make_settings(
        redis_url=redis_url, clickhouse_url=migrated_url, consumers=1, insert_seconds=0.2
    )
    for entry in (malformed({"timestamp": "-5"}), to_fields(make_click())):
        redis.xadd(STREAM, entry)
    with Workers(settings, tmp_path / "workers.log"):
        wait_until(lambda: is_idle(redis, 2))
        # Workers that only start have no ledger yet.
        wait_until(lambda: hopline("audit").exit_code == 0)
        redis.config_set("maxmemory", 1)
        wait_until(lambda: hopline("workers", "status").exit_code == 0)
        for arguments in (
            ("links", "disable", "one"),
            ("links", "enable", "one"),
            ("links", "update", "one", "--tag", "bad"),
            ("links", "rm", "two"),
            ("dead", "list"),
            ("audit",),
            ("replay", "--since", "1h"),
            ("stats", "one"),
            ("dead", "purge", "--all", "--yes"),
        ):
            ended = hopline(*arguments)
            assert ended.exit_code == 0, f"{arguments}: {ended.err}"
        assert json.loads(hopline("links", "show", "one", "--json").out)["tags"] == ["bad"]
        assert dead_letters(redis) == []
        refused = hopline("links", "add", "https://example.com/", "--code", "three")
        assert refused.exit_code == 1
        assert "maxmemory" in refused.err
