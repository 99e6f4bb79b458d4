from typing import Any

import pytest

from app.health.redis.server import (
    judge_eviction,
    judge_fork,
    judge_memory,
    judge_persistence,
    judge_rewrite,
    judge_slow_log,
    redis_checks,
)
from app.stores.redis.aof_rewrite import Noted
from app.stores.redis.client import connect

MAXLEN = 1_000_000
AOF = {"aof_enabled": 1, "aof_last_write_status": "ok"}


def test_a_server_as_hopline_starts_it_is_well(any_redis_server) -> None:
    server = any_redis_server()
    with connect(server.url, timeout_seconds=30) as client:
        checks = list(redis_checks(client, server.url, MAXLEN, 1000))
    assert {check.name: check.state for check in checks} == {
        "redis": "ok",
        "redis clock": "ok",
        "redis persistence": "ok",
        "redis eviction": "ok",
        "redis slow log": "ok",
        "redis fork": "ok",
        "redis memory": "ok",
    }


def test_what_a_server_is_told_at_run_time_is_seen(valkey_server) -> None:
    server = valkey_server()
    with connect(server.url, timeout_seconds=30) as client:
        client.config_set("appendonly", "no")
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("maxmemory", "1mb")
        client.config_set("slowlog-log-slower-than", "0")
        states = {
            check.name: check.state for check in redis_checks(client, server.url, MAXLEN, 1000)
        }
    assert states["redis persistence"] == "warn"
    assert states["redis eviction"] == "fail"
    assert states["redis memory"] == "fail"
    assert states["redis slow log"] == "warn"


@pytest.mark.parametrize(
    ("info", "appendfsync", "state"),
    [
        (AOF, "everysec", "ok"),
        (AOF, "always", "ok"),
        (AOF, None, "ok"),
        (AOF, "no", "warn"),
        ({**AOF, "aof_enabled": 0}, None, "warn"),
        ({**AOF, "aof_last_write_status": "err"}, "everysec", "fail"),
    ],
)
def test_persistence_is_judged(info: dict[str, Any], appendfsync: str | None, state: str) -> None:
    check = judge_persistence(info, appendfsync)
    assert (check.state, bool(check.mend)) == (state, state != "ok")


@pytest.mark.parametrize(("told", "state"), [(None, "ok"), ("-1", "ok"), ("0", "warn")])
def test_slow_commands_may_not_be_remembered(told: str | None, state: str) -> None:
    check = judge_slow_log(told)
    assert (check.state, bool(check.mend)) == (state, state != "ok")


@pytest.mark.parametrize(
    ("microseconds", "state"), [(0, "ok"), (1_000_000, "ok"), (1_000_001, "warn")]
)
def test_a_fork_may_not_take_longer_than_visitors_wait(microseconds: int, state: str) -> None:
    check = judge_fork({"latest_fork_usec": microseconds}, 1000)
    assert (check.state, bool(check.mend)) == (state, state != "ok")


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_eviction_may_throw_clicks_away(policy: str) -> None:
    assert judge_eviction(policy, 0).state == "fail"
    assert judge_eviction("noeviction", 0).state == "ok"


def test_what_was_thrown_away_is_told_of_after_the_policy_is_mended(any_redis_server) -> None:
    server = any_redis_server()
    with connect(server.url, timeout_seconds=30) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("maxmemory", client.info("memory")["used_memory"] + (1 << 20))
        for number in range(50):
            client.set(f"link:{number}", "x" * 100_000)
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1 << 30)
        found = {check.name: check for check in redis_checks(client, server.url, MAXLEN, 1000)}
        assert found["redis eviction"].state == "fail"
        assert "keys away" in found["redis eviction"].text


@pytest.mark.parametrize(
    ("used", "limit", "machine", "state"),
    [
        (690_000, 1_000_000, 10_000_000, "ok"),
        (760_000, 1_000_000, 10_000_000, "warn"),
        (810_000, 1_000_000, 10_000_000, "fail"),
        (810_000, 0, 1_000_000, "fail"),
        (810_000, 0, 10_000_000, "warn"),
        (810_000, 0, 0, "warn"),
    ],
)
def test_memory_is_judged_by_its_limit_or_the_machines(
    used: int, limit: int, machine: int, state: str
) -> None:
    info = {"used_memory": used, "maxmemory": limit, "total_system_memory": machine}
    assert judge_memory(info, 1).state == state


def test_a_bound_that_the_stream_does_not_fit_into_is_told_of() -> None:
    info = {"used_memory": 1 << 20, "maxmemory": 512 << 20}
    check = judge_memory(info, 1_000_000)
    assert (check.state, "HOPLINE_STREAM_MAXLEN" in check.mend) == ("warn", True)
    assert "988,573 of browsers, or 102,637 of the largest" in check.text
    assert judge_memory(info, 900_000).state == "ok"


def test_memory_without_a_bound_is_told_of() -> None:
    info = {"used_memory": 1 << 20, "maxmemory": 0, "total_system_memory": 8 << 30}
    assert "no maxmemory" in judge_memory(info, 1_000_000).text


@pytest.mark.parametrize(
    ("changes", "done_seconds", "since_seconds", "state"),
    [
        ({}, 100_000, 0, "ok"),
        ({}, 100_000 - 27 * 3600, 0, "warn"),
        ({}, 0, 0, "warn"),
        ({}, 0, None, "ok"),
        ({}, 0, 100_000, "ok"),
        ({}, 0, 100_000 - 25 * 3600, "ok"),
        ({"aof_last_bgrewrite_status": "err"}, 100_000, 0, "warn"),
        ({"aof_enabled": 0}, 0, 0, "ok"),
    ],
)
def test_a_file_that_is_not_written_anew_keeps_what_was_deleted(
    changes, done_seconds, since_seconds, state
):
    info = {"aof_enabled": 1, "aof_last_bgrewrite_status": "ok", **changes}
    noted = Noted(0, "", done_seconds * 1000)
    since_ms = None if since_seconds is None else since_seconds * 1000
    assert judge_rewrite(info, noted, since_ms, 100_000 + 60).state == state
