"""Whether Redis keeps what it is given: version, clock, persistence, eviction, memory."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from app.health.check import Check, fail, ok, warn
from app.health.clock import judge_skew, measure_skew
from app.redis import RedisRefused, require_version, translated

if TYPE_CHECKING:
    import redis

#: Parts of the memory limit in use.
_WARN_MEMORY = 0.8
_FAIL_MEMORY = 0.95
_MIB = 1 << 20


def redis_checks(client: "redis.Redis", url: str) -> Iterator[Check]:
    """Yield the findings about a server.

    Raises:
        RedisUnavailable, RedisRefused: it doesn't answer, or is too old.
    """
    with translated(url):
        yield ok("redis", require_version(client))
        yield judge_skew("redis clock", measure_skew(lambda: _time(client)))
        persistence = client.info("persistence")
        yield judge_persistence(persistence, _appendfsync(client, url))
        memory = client.info("memory")
        yield judge_eviction(memory["maxmemory_policy"])
        yield judge_memory(memory)


def judge_persistence(info: Mapping[str, Any], appendfsync: str | None) -> Check:
    """Judge INFO persistence, and CONFIG's appendfsync, None where it may not be asked."""
    name = "redis persistence"
    if not info["aof_enabled"]:
        return warn(
            name,
            "the append-only file is off: a crash loses links and clicks since the last snapshot",
            "set appendonly yes in redis.conf, and CONFIG SET appendonly yes now",
        )
    if info["aof_last_write_status"] != "ok":
        return fail(name, "the append-only file can't be written", "make room on Redis' disk")
    if appendfsync == "no":
        return warn(
            name,
            "appendfsync is no: a crash of the machine loses what the kernel had not written",
            "CONFIG SET appendfsync everysec, and the same in redis.conf",
        )
    return ok(name, f"append-only file, fsync {appendfsync or 'unknown'}")


def judge_eviction(policy: str) -> Check:
    """Judge what Redis does when its memory is full."""
    if policy == "noeviction":
        return ok("redis eviction", "noeviction")
    return fail(
        "redis eviction",
        f"maxmemory-policy is {policy}: when memory is full, Redis throws links and clicks away",
        "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf",
    )


def judge_memory(info: Mapping[str, Any]) -> Check:
    """Judge INFO memory against its own limit, or the machine's where there is none."""
    name = "redis memory"
    limit = info["maxmemory"] or info.get("total_system_memory", 0)
    used = info["used_memory"]
    if not limit:
        return ok(name, f"{used // _MIB} MiB used, without a limit")
    text = f"{used // _MIB} of {limit // _MIB} MiB used"
    mend = "give Redis more memory, or find what fills it with MEMORY STATS"
    if used > limit * _FAIL_MEMORY:
        return fail(name, text, mend)
    return warn(name, text, mend) if used > limit * _WARN_MEMORY else ok(name, text)


def _time(client: "redis.Redis") -> float:
    seconds, microseconds = client.time()
    return seconds + microseconds / 1e6


def _appendfsync(client: "redis.Redis", url: str) -> str | None:
    try:
        with translated(url):
            held = client.config_get("appendfsync")
    except RedisRefused:
        return None
    return held.get("appendfsync")
