"""Redis frozen under load: what visitors feel, and whether every click arrives afterwards."""

import time
from dataclasses import replace
from pathlib import Path

from loadtest.bench import requests
from loadtest.bench.figures import open_void
from loadtest.bench.open_loop import Generator, OpenRun, Schedule, finished
from loadtest.bench.placement import Placement
from loadtest.bench.processes import snapshot, usage
from loadtest.bench.redis_server import STREAM, RedisServer
from loadtest.bench.results import FrozenRun
from loadtest.bench.servers import Server

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
        redis.freeze()
        try:
            time.sleep(FROZEN_SECONDS)
        finally:
            redis.thaw()
        run = finished(process, schedule)
    used = usage(before, snapshot(server.pid, redis.pid), placement)
    run = replace(run, foreign_share=used.foreign_share)
    return _frozen_run(run, _recorded(redis, run.redirected, set(codes)))


def _recorded(redis: RedisServer, answered: int, codes: set[str]) -> int:
    """Count the clicks once all are there; entries sent twice don't make up for missing ones."""
    deadline = time.monotonic() + _RECOVERY_SECONDS
    while True:
        recorded = len(redis.click_ids(codes)) if redis.client.xlen(STREAM) >= answered else 0
        if recorded >= answered:
            return recorded
        if time.monotonic() > deadline:
            return len(redis.click_ids(codes))
        time.sleep(0.5)


def _frozen_run(run: OpenRun, recorded: int) -> FrozenRun:
    return FrozenRun(
        rate=run.rate,
        frozen_seconds=FROZEN_SECONDS,
        max_ms=run.latency_ms["100"],
        p99_ms=run.latency_ms["99"],
        errors=run.errors,
        answered=run.redirected,
        recorded=recorded,
        void=open_void(run),
    )
