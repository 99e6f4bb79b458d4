"""Forecast that sizes an installation: pure arithmetic over measured costs.

docs/load-testing.md compares a forecast with a measured run.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from app.redirect.spool.retransmit_buffer import RETRANSMIT_BUFFER_BYTES
from app.stores.redis.memory import DIVERT_FROM, ENTRY_BYTES, LARGEST_ENTRY_BYTES, TRIM_FROM

#: Share of a core, or of Redis, that is planned with: the rest takes in bursts and restarts.
HEADROOM = 0.5
_MINUTE = 60
_DAY = 86_400
_MILLION = 1_000_000
#: Share of the stream's bound at which new clicks go to the spool (docs/operations.md).
_DIVERTED_AT = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a click costs; the defaults were measured on a two-core virtual machine.

    Attributes:
        redirect_us: CPU of a redirect worker (`make bench`, fast lane).
        unknown_link_us: CPU of it on top where the link is not in its memory (fast lane, 100 links
            and room for 1: 52 µs in place of 14).
        redis_write_us: CPU of Redis for a redirect (`make bench`).
        redis_link_us: CPU of Redis on top where it is asked for the link (the same: 5.9 and 3.7).
        consumer_us: CPU of a consumer (`make bench-workers`: docs/performance.md, one consumer).
        redis_read_us: CPU of Redis for its delivery (the same run).
        clickhouse_us: CPU of ClickHouse for its insert (the same run), 0.8 for the clicks by time.
        entry_bytes: memory of its entry in the stream (`make loadtest`: used_memory, 9,579 clicks).
        largest_entry_bytes: the same of a click with the largest headers that are kept.
        spool_bytes: disk in the spool (docs/load-testing.md: 586 of 16,251 clicks).
        largest_spool_bytes: the same of a click with the largest headers.
        disk_bytes: disk in ClickHouse after merges, ledger and clicks by time included (the same,
            and docs/delivery.md).
        link_bytes: memory of Redis for a link (1,000,000 links of `hopline links import`).
        cached_link_bytes: memory of a redirect worker for a link (92,000 links).
    """

    redirect_us: float = 12.0
    unknown_link_us: float = 38.0
    redis_write_us: float = 3.7
    redis_link_us: float = 2.2
    consumer_us: float = 11.0
    redis_read_us: float = 5.7
    clickhouse_us: float = 5.4
    entry_bytes: float = ENTRY_BYTES
    largest_entry_bytes: float = LARGEST_ENTRY_BYTES
    spool_bytes: float = 600.0
    largest_spool_bytes: float = 4_700.0
    disk_bytes: float = 66.0
    link_bytes: float = 334.0
    cached_link_bytes: float = 750.0

    @property
    def redis_us(self) -> float:
        """CPU of Redis for a click, from redirect to acknowledgement."""
        return self.redis_write_us + self.redis_read_us


@dataclass(frozen=True, slots=True)
class Bounds:
    """The settings that the forecast depends on.

    Attributes:
        stream_maxlen: entries.
        spool_max_bytes: of one host.
        replay_horizon_seconds: how long processed entries stay in the stream.
        resend_seconds: how long a redirect worker keeps clicks that Redis has confirmed.
        link_cache_size: links in the memory of a redirect worker.
    """

    stream_maxlen: int
    spool_max_bytes: int
    replay_horizon_seconds: float
    resend_seconds: float = 0.0
    link_cache_size: int = 100_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """What so many clicks a second take.

    Attributes:
        redirect_workers, consumers: processes, each at most half busy.
        ring_bytes: memory of each redirect worker for the clicks that Redis confirmed last.
        known_share: of the visits, those whose link is in the worker's memory.
        cached_links_bytes: memory of each redirect worker for them.
        links_bytes: memory of Redis for all links.
        redis_share: of one core.
        redis_primaries: how many Redis servers share that, each at most half busy.
        redis_bytes: memory of the stream when it is as long as it gets, finished clicks included.
        maxmemory_bytes: what Redis needs so that none of these has to go before its horizon.
        largest_retained_seconds: how long finished clicks stay with that, if all had the largest
            headers.
        outage_in_stream_minutes: how long ClickHouse may be away before clicks go to the spool.
        outage_minutes: how long until the spool is full, too, and clicks are refused.
        largest_outage_minutes: the same if all clicks had the largest headers.
        catch_up_minutes: how long the consumers need for what an hour without ClickHouse leaves.
        disk_bytes_per_million, disk_bytes_per_day: in ClickHouse.
    """

    clicks_per_second: float
    redirect_workers: int
    ring_bytes: float
    consumers: int
    known_share: float
    cached_links_bytes: float
    links_bytes: float
    redis_share: float
    redis_primaries: int
    clickhouse_cores: float
    redis_bytes: float
    maxmemory_bytes: float
    largest_retained_seconds: float
    outage_in_stream_minutes: float
    outage_minutes: float
    largest_outage_minutes: float
    catch_up_minutes: float
    disk_bytes_per_million: float
    disk_bytes_per_day: float


def forecast(
    clicks_per_second: float, costs: Costs, bounds: Bounds, hosts: int = 1, links: int = 1
) -> Forecast:
    """Return what is needed for a steady rate.

    Args:
        clicks_per_second: above 0; the busiest hour's, as a day's mean says nothing of it.
        hosts: of the redirect, each with a spool of its own.
        links: visited by Zipf's law: the second half as often as the first.
    """
    consumers = _processes(clicks_per_second, costs.consumer_us)
    known = _harmonic(min(links, bounds.link_cache_size)) / _harmonic(links)
    redirect_us = costs.redirect_us + (1 - known) * costs.unknown_link_us
    redirect_workers = _processes(clicks_per_second, redirect_us)
    redis_us = costs.redis_us + (1 - known) * costs.redis_link_us
    ring = clicks_per_second / redirect_workers * bounds.resend_seconds * costs.spool_bytes
    retained = min(bounds.stream_maxlen, clicks_per_second * bounds.replay_horizon_seconds)
    maxmemory = retained * costs.entry_bytes / TRIM_FROM
    in_stream = bounds.stream_maxlen * _DIVERTED_AT
    in_stream_seconds = in_stream / clicks_per_second
    spooled = hosts * bounds.spool_max_bytes / costs.spool_bytes
    largest_retained = min(retained, maxmemory * TRIM_FROM / costs.largest_entry_bytes)
    largest_in_stream = min(in_stream, maxmemory * DIVERT_FROM / costs.largest_entry_bytes)
    largest_spooled = hosts * bounds.spool_max_bytes / costs.largest_spool_bytes
    spare_per_second = consumers * _MILLION / costs.consumer_us - clicks_per_second
    return Forecast(
        clicks_per_second=clicks_per_second,
        redirect_workers=redirect_workers,
        ring_bytes=min(ring, RETRANSMIT_BUFFER_BYTES),
        consumers=consumers,
        known_share=known,
        cached_links_bytes=min(links, bounds.link_cache_size) * costs.cached_link_bytes,
        links_bytes=links * costs.link_bytes,
        redis_share=clicks_per_second * redis_us / _MILLION,
        redis_primaries=_processes(clicks_per_second, redis_us),
        clickhouse_cores=clicks_per_second * costs.clickhouse_us / _MILLION,
        redis_bytes=retained * costs.entry_bytes,
        maxmemory_bytes=maxmemory,
        largest_retained_seconds=largest_retained / clicks_per_second,
        outage_in_stream_minutes=in_stream_seconds / _MINUTE,
        outage_minutes=(in_stream_seconds + spooled / clicks_per_second) / _MINUTE,
        largest_outage_minutes=(largest_in_stream + largest_spooled) / clicks_per_second / _MINUTE,
        catch_up_minutes=_MINUTE * clicks_per_second / spare_per_second,
        disk_bytes_per_million=costs.disk_bytes * _MILLION,
        disk_bytes_per_day=costs.disk_bytes * clicks_per_second * _DAY,
    )


def measured_costs(
    bench: Mapping[str, Any] | None, bench_workers: Mapping[str, Any] | None
) -> dict[str, float]:
    """Return the costs that benchmarks of one's own machine say.

    Args:
        bench: `build/bench.json` of `make bench`.
        bench_workers: `build/bench-workers.json` of `make bench-workers`.

    Raises:
        ValueError: a file doesn't hold what it should.
    """
    try:
        return {**_redirect_costs(bench), **_consumer_costs(bench_workers)}
    except (KeyError, IndexError, TypeError, StopIteration) as error:
        raise ValueError(f"these are no figures of a benchmark: {error!r}") from None


def _redirect_costs(bench: Mapping[str, Any] | None) -> dict[str, float]:
    if bench is None:
        return {}
    ours = next(each for each in bench["variants"] if each["name"] == "fast-lane")
    return {
        "redirect_us": float(ours["cpu_us"]),
        "redis_write_us": float(ours["redis_cpu_us"]),
    }


def _consumer_costs(bench: Mapping[str, Any] | None) -> dict[str, float]:
    if bench is None:
        return {}
    runs = bench["runs"]["Hopline, 1 consumer"]
    names = {
        "consumer_us": "cpu_us",
        "redis_read_us": "redis_cpu_us",
        "clickhouse_us": "clickhouse_cpu_us",
    }
    return {ours: median(float(run[theirs]) for run in runs) for ours, theirs in names.items()}


def _harmonic(count: int) -> float:
    """Return 1 + 1/2 + … + 1/count: by the terms while they are few, then by Euler's constant."""
    few = 100
    if count <= few:
        return sum(1 / rank for rank in range(1, count + 1))
    return math.log(count) + 0.5772156649 + 1 / (2 * count)


def _processes(clicks_per_second: float, cpu_us: float) -> int:
    return max(1, math.ceil(clicks_per_second * cpu_us / _MILLION / HEADROOM))
