"""Run in which Redis is frozen under load: what visitors feel, and whether every click arrives."""

import time
from dataclasses import replace
from pathlib import Path

import psutil

from loadtest.bench.load import requests
from loadtest.bench.load.open_loop import Generator, Schedule, finished
from loadtest.bench.machine.placement import Placement
from loadtest.bench.machine.redis_server import STREAM, RedisServer
from loadtest.bench.machine.usage import snapshot, usage
from loadtest.bench.report.figures import open_void
from loadtest.bench.report.results import FrozenRun
from loadtest.bench.servers.server import Server
from loadtest.faults.processes import freeze

FROZEN_SECONDS = 5.0
#: Load before the freeze, of which the warm-up isn't judged: links get known.
_WARM_UP_SECONDS = 2.0
_BEFORE_SECONDS = 1.0
_AFTER_SECONDS = 3.0
#: Time for the clicks that waited elsewhere to reach the stream.
_RECOVERY_SECONDS = 90.0


def freeze_under_load(
    server: Server,
    redis: RedisServer,
    generator: Generator,
    placement: Placement,
    rate: float,
    directory: Path,
) -> FrozenRun:
    """Stop Redis for a while and compare what was answered with what was recorded.

    The links are asked for in no other run, so every click in the stream on one of them is
    from this one.
    """
    codes = requests.codes(requests.FROZEN_PREFIX)
    requests_path = directory / "frozen.requests"
    requests_path.write_bytes(requests.raw_requests(codes, server.port))
    seconds = _BEFORE_SECONDS + FROZEN_SECONDS + _AFTER_SECONDS
    schedule = Schedule(rate, seconds, seed=1, warm_up_seconds=_WARM_UP_SECONDS)
    before = snapshot(server.pid, redis.pid)
    with generator.running(server.port, requests_path, schedule) as process:
        time.sleep(_WARM_UP_SECONDS + _BEFORE_SECONDS)
        frozen = freeze([psutil.Process(redis.pid)])
        try:
            time.sleep(FROZEN_SECONDS)
        finally:
            frozen.lift()
        run = finished(process, schedule)
    used = usage(before, snapshot(server.pid, redis.pid), placement)
    run = replace(run, foreign_share=used.foreign_share)
    return FrozenRun(
        rate=run.rate,
        frozen_seconds=FROZEN_SECONDS,
        max_ms=run.latency_ms["100"],
        p99_ms=run.latency_ms["99"],
        errors=run.errors,
        answered=run.redirected,
        recorded=_recorded(redis, run.redirected, set(codes)),
        void=open_void(run),
    )


def _recorded(redis: RedisServer, answered: int, codes: set[str]) -> int:
    """Count the clicks once all are there; entries sent twice don't make up for missing ones."""
    deadline = time.monotonic() + _RECOVERY_SECONDS
    while time.monotonic() < deadline:
        if redis.client.xlen(STREAM) >= answered <= (recorded := len(redis.click_ids(codes))):
            return recorded
        time.sleep(0.5)
    return len(redis.click_ids(codes))
