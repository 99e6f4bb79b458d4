"""Checks that ask whether Redis keeps what it is given: version, clock, persistence, eviction."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from app.health.check import Check, fail, ok, warn
from app.health.clock import judge_skew, measure_skew
from app.stores.redis.aof_rewrite import FIELDS, OLD_SECONDS, Noted
from app.stores.redis.client import require_version
from app.stores.redis.errors import RedisRefused, translated
from app.stores.redis.memory import (
    DIVERT_FROM,
    DIVERT_TO,
    ENTRY_BYTES,
    LARGEST_ENTRY_BYTES,
    TRIM_FROM,
    Memory,
)

if TYPE_CHECKING:
    import redis

_MIB = 1 << 20
_SLOW_LOG = "slowlog-log-slower-than"


def redis_checks(
    client: "redis.Redis", url: str, maxlen: int, timeout_ms: float
) -> Iterator[Check]:
    """Yield the findings about a server.

    Args:
        maxlen: entries that the stream may hold.
        timeout_ms: how long it may be silent before visitors get 503.

    Raises:
        RedisUnavailable, RedisRefused: it doesn't answer, or is too old.
    """
    with translated(url):
        yield ok("redis", require_version(client, url))
        yield judge_skew("redis clock", measure_skew(lambda: _time(client)))
        persistence = client.info("persistence")
        appendfsync = read_config(client, url, "appendfsync").get("appendfsync")
        yield judge_persistence(persistence, appendfsync)
        yield judge_slow_log(read_config(client, url, _SLOW_LOG).get(_SLOW_LOG))
        memory = client.info("memory")
        stats = client.info("stats")
        yield judge_eviction(memory["maxmemory_policy"], stats["evicted_keys"])
        yield judge_fork(stats, timeout_ms)
        yield judge_memory(memory, maxlen)


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


def judge_slow_log(slower_than_us: str | None) -> Check:
    """Judge from which duration on Redis remembers commands, which hold visitors' addresses.

    Args:
        slower_than_us: as CONFIG says it, in microseconds; None where it may not be asked.
    """
    name = "redis slow log"
    if slower_than_us is None:
        return ok(name, "unknown: CONFIG may not be asked")
    if slower_than_us.startswith("-"):
        return ok(name, "slow commands are not remembered, nor the addresses in them")
    return warn(
        name,
        "the last 128 slow commands are remembered with visitors' whole addresses",
        f"CONFIG SET {_SLOW_LOG} -1, the same in redis.conf, and SLOWLOG RESET",
    )


def rewrite_check(client: "redis.Redis", url: str, key: str, since_ms: int | None) -> Check:
    """Return the finding about the daily rewrite of the append-only file.

    Args:
        key: of the hash in which it is noted.
        since_ms: when workers first ran, in Unix milliseconds; None for never.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't answer as it should.
    """
    with translated(url):
        noted = Noted.of(cast("list[bytes | None]", client.hmget(key, FIELDS)))
        return judge_rewrite(client.info("persistence"), noted, since_ms, _time(client))


def judge_rewrite(info: Mapping[str, Any], noted: Noted, since_ms: int | None, now: float) -> Check:
    """Judge INFO persistence and what is noted of rewrites, at a time in Unix seconds.

    The first rewrite has a day's time, as those after it: there was nothing to delete before.
    """
    name = "redis rewrite"
    if not info["aof_enabled"]:
        return ok(name, "no append-only file that could keep what was deleted")
    mend = (
        "see that workers run and Redis' user may BGREWRITEAOF, and read both logs; what was"
        " deleted, addresses too, stays in Redis' files meanwhile"
    )
    if info["aof_last_bgrewrite_status"] != "ok":
        return warn(name, "the last rewrite of the append-only file failed", mend)
    if not noted.done_ms:
        if since_ms is None or now - since_ms / 1000 <= OLD_SECONDS:
            return ok(name, "the workers have the append-only file written anew each day")
        return warn(name, "the workers never had the append-only file written anew", mend)
    hours = (now - noted.done_ms / 1000) / 3600
    text = f"the append-only file was written anew {hours:,.0f} h ago"
    return warn(name, text, mend) if hours * 3600 > OLD_SECONDS else ok(name, text)


def judge_fork(info: Mapping[str, Any], timeout_ms: float) -> Check:
    """Judge INFO stats: for how long Redis stood still when it last forked.

    It does for each rewrite of the append-only file, each snapshot and each new replica, and the
    longer the more it holds (https://valkey.io/topics/latency/).
    """
    name = "redis fork"
    fork_ms = info["latest_fork_usec"] / 1000
    text = f"the last fork stopped Redis for {fork_ms:,.0f} ms"
    if fork_ms <= timeout_ms:
        return ok(name, text)
    return warn(
        name,
        f"{text}: visitors of links that were not in memory got 503",
        f"raise HOPLINE_LOOKUP_TIMEOUT_MS, which is {timeout_ms:g}; turn off transparent huge"
        " pages; or give Redis less to hold: HOPLINE_STREAM_MAXLEN",
    )


def judge_eviction(policy: str, evicted: int) -> Check:
    """Judge what Redis does when its memory is full, and what it did.

    Args:
        evicted: keys that it has thrown away since its start.
    """
    name = "redis eviction"
    if evicted:
        return fail(
            name,
            f"Redis has thrown {evicted:,} keys away: links, clicks or what is counted of them",
            "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf; links come back"
            " with `hopline restore`; then CONFIG RESETSTAT",
        )
    if policy == "noeviction":
        return ok(name, "noeviction")
    return fail(
        name,
        f"maxmemory-policy is {policy}: when memory is full, Redis throws links and clicks away",
        "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf",
    )


def judge_memory(info: Mapping[str, Any], maxlen: int) -> Check:
    """Judge INFO memory against its own limit, or the machine's where there is none.

    Args:
        maxlen: entries that the stream may hold.
    """
    name = "redis memory"
    memory = Memory.of(info)
    limit = memory.limit_bytes or info.get("total_system_memory", 0)
    text = f"{memory.used_bytes // _MIB} of {limit // _MIB} MiB used" if limit else "no limit"
    mend = "give Redis more memory, or find what fills it with MEMORY STATS"
    if Memory(memory.used_bytes, limit).reaches(DIVERT_FROM):
        return fail(name, f"{text}: new clicks go to the spool", mend)
    if Memory(memory.used_bytes, limit).reaches(DIVERT_TO):
        return warn(name, text, mend)
    if not memory.limit_bytes:
        text += ", and no maxmemory: nothing gives way before the machine's memory is full"
        return warn(name, text, "set maxmemory in redis.conf, and CONFIG SET maxmemory now")
    room = memory.limit_bytes * TRIM_FROM
    text += (
        f"; finished clicks stay while there are fewer than {room / ENTRY_BYTES:,.0f} of browsers,"
        f" or {room / LARGEST_ENTRY_BYTES:,.0f} of the largest"
    )
    if room < maxlen * ENTRY_BYTES:
        mend = f"give Redis more memory, or lower HOPLINE_STREAM_MAXLEN, which is {maxlen:,}"
        return warn(name, text, mend)
    return ok(name, text)


def _time(client: "redis.Redis") -> float:
    seconds, microseconds = client.time()
    return seconds + microseconds / 1e6


def read_config(client: "redis.Redis", url: str, names: str) -> Mapping[str, str]:
    """Return what CONFIG says of names, of which a * may stand for many; nothing if it may not."""
    try:
        with translated(url):
            return cast("dict[str, str]", client.config_get(names))
    except RedisRefused:
        return {}
