"""Command that says how large an installation has to be: `hopline capacity`."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from app.cli.checks.forecast import HEADROOM, Bounds, Costs, Forecast, forecast, measured_costs
from app.config.loading import load
from app.config.shards import shards_of
from app.redirect.spool.retransmit_buffer import RETRANSMIT_BUFFER_BYTES
from app.stores.redis.memory import TRIM_FROM
from app.terminal.options import AsJson
from app.terminal.output import Failure, print_json, print_table

#: What it is, how much, and why.
_Row = tuple[str, str, str]
_MB = 1_000_000


def capacity(
    clicks_per_second: Annotated[
        float,
        typer.Option("--clicks-per-second", min=0.001, help="Clicks a second, at the busiest."),
    ],
    *,
    hosts: Annotated[
        int, typer.Option(min=1, help="Hosts of the redirect, each with a spool of its own.")
    ] = 1,
    links: Annotated[
        int, typer.Option(min=1, help="Links that are visited, by Zipf's law.")
    ] = 10_000,
    bench: Annotated[
        Path | None,
        typer.Option(help="Figures of `make bench` on your machine: build/bench.json."),
    ] = None,
    bench_workers: Annotated[
        Path | None,
        typer.Option(help="Figures of `make bench-workers`: build/bench-workers.json."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how many processes, how much memory and how much disk so many clicks take.

    With the settings as they are, and costs measured on a two-core virtual machine unless you name
    figures of your own.

    \b
    hopline capacity --clicks-per-second 2000
    hopline capacity --clicks-per-second 100000 --links 10000000 --hosts 6
    hopline capacity --clicks-per-second 2000 --bench build/bench.json
    """
    if not math.isfinite(clicks_per_second):
        raise Failure("--clicks-per-second has to be a number that can be met", exit_code=2)
    try:
        measured = measured_costs(_read(bench), _read(bench_workers))
    except ValueError as error:
        raise Failure(str(error), exit_code=2) from None
    costs = Costs(**measured)
    settings = load()
    bounds = Bounds(
        settings.stream_maxlen,
        settings.spool_max_bytes,
        settings.replay_horizon_seconds,
        settings.resend_seconds,
        settings.link_cache_size,
    )
    found = forecast(clicks_per_second, costs, bounds, hosts, links)
    if as_json:
        print_json({**asdict(found), "costs": asdict(costs), "bounds": asdict(bounds)})
    else:
        streams = len(shards_of(settings))
        print_table(("WHAT", "HOW MUCH", "WHY"), _rows(found, costs, bounds, streams))


def _for_each(streams: int) -> str:
    return f"; and on each host one at least for each of {streams} streams" if streams > 1 else ""


def _read(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        read: dict[str, Any] = orjson.loads(path.read_bytes())
        return read
    except OSError as error:
        raise Failure(f"{path} can't be read: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise Failure(f"{path} is no JSON: {error}") from None


def _rows(found: Forecast, costs: Costs, bounds: Bounds, streams: int) -> list[_Row]:
    return [
        *_processes(found, costs, bounds, streams),
        *_redis(found, costs, bounds),
        *_clickhouse(found, costs),
    ]


def _processes(found: Forecast, costs: Costs, bounds: Bounds, streams: int) -> list[_Row]:
    half = f"at most {HEADROOM:.0%} busy"
    return [
        (
            "redirect workers",
            f"{found.redirect_workers}",
            f"{costs.redirect_us:.3g} µs a click, {half}{_where_unknown(found, costs)}",
        ),
        (
            "redirect worker, links in memory",
            f"{found.cached_links_bytes / _MB:,.0f} MB",
            f"{costs.cached_link_bytes:.0f} bytes a link, at most {bounds.link_cache_size:,}",
        ),
        (
            "redirect worker, clicks confirmed last",
            f"{found.ring_bytes / _MB:,.0f} MB",
            f"{costs.spool_bytes:.0f} bytes a click, kept for {bounds.resend_seconds:g} s; at most"
            f" {RETRANSMIT_BUFFER_BYTES / _MB:,.0f} MB, and that twice while they are sent again",
        ),
        (
            "consumers",
            f"{max(found.consumers, streams)}",
            f"{costs.consumer_us:.3g} µs CPU a click, {half}{_for_each(streams)}",
        ),
    ]


def _redis(found: Forecast, costs: Costs, bounds: Bounds) -> list[_Row]:
    return [
        ("Redis, CPU", f"{found.redis_share:.1%} of a core", _redis_reason(found, costs)),
        (
            "Redis, memory for links",
            f"{found.links_bytes / _MB:,.0f} MB",
            f"{costs.link_bytes:.0f} bytes a link",
        ),
        (
            "Redis, memory for the stream",
            f"{found.redis_bytes / _MB:,.0f} MB",
            f"{costs.entry_bytes:.0f} bytes a click, kept for"
            f" {bounds.replay_horizon_seconds / 3600:g} h, at most {bounds.stream_maxlen:,}",
        ),
        (
            "Redis, maxmemory",
            f"{found.maxmemory_bytes / _MB:,.0f} MB",
            f"the stream is {TRIM_FROM:.0%} of it, where finished clicks begin to go earlier; links"
            " come on top",
        ),
        (
            "if all clicks were of the largest",
            f"kept for {found.largest_retained_seconds / 60:,.1f} minutes",
            f"{costs.largest_entry_bytes:,.0f} bytes each, in the same memory; ClickHouse may be"
            f" away for {found.largest_outage_minutes:,.0f} minutes then",
        ),
    ]


def _clickhouse(found: Forecast, costs: Costs) -> list[_Row]:
    return [
        (
            "ClickHouse, CPU",
            f"{found.clickhouse_cores:.2f} cores",
            f"{costs.clickhouse_us:.3g} µs a click for inserts; merges and reports come on top",
        ),
        (
            "ClickHouse may be away",
            f"{found.outage_minutes:,.0f} minutes",
            f"{found.outage_in_stream_minutes:,.0f} in the stream, then the spool fills",
        ),
        (
            "catching up after an hour of it",
            f"{found.catch_up_minutes:,.1f} minutes",
            "what the consumers can do beside new clicks",
        ),
        (
            "disk for a million clicks",
            f"{found.disk_bytes_per_million / _MB:,.0f} MB",
            f"{costs.disk_bytes:.0f} bytes a click after merges; varied user agents take more",
        ),
        ("disk a day", f"{found.disk_bytes_per_day / _MB:,.0f} MB", "at this rate all day"),
    ]


def _where_unknown(found: Forecast, costs: Costs) -> str:
    if found.known_share == 1:
        return ""
    return (
        f"; {costs.unknown_link_us:.3g} µs more for the {1 - found.known_share:.0%} whose link"
        " isn't in memory"
    )


def _redis_reason(found: Forecast, costs: Costs) -> str:
    reason = f"{costs.redis_us:.3g} µs a click"
    if found.redis_primaries > 1:
        return (
            f"{reason}: too much for one Redis, which has one core for commands:"
            f" {found.redis_primaries} primaries of a cluster, each {HEADROOM:.0%} busy"
        )
    return reason
