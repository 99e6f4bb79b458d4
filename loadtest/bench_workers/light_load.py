"""Light load that shows how soon a click can be queried, and no load: what the workers use then."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clickhouse_driver import Client

from app.processes.child import wait_for
from loadtest.bench_workers.backlog import send
from loadtest.bench_workers.clicks import Traffic
from loadtest.bench_workers.runs import RunFailed, started
from loadtest.bench_workers.stores import GROUP, Stores
from loadtest.common.processes import cpu_seconds, tree

_STREAM, _DATABASE = "bench:light", "bench_light"
_PER_SECOND = 100
_LOOK_SECONDS = 0.02
_SETTLE_SECONDS = 5.0
_MOST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LightLoad:
    """Seconds from the time in a click's id to the row that a query returned, and CPU at rest.

    Attributes:
        idle_share: of one core, used by supervisor and consumers together.
    """

    clicks: int
    p50_seconds: float
    p99_seconds: float
    slowest_seconds: float
    idle_share: float


def measure_light_load(stores: Stores, seconds: int, log: Path) -> LightLoad:
    """Run two consumers, first with a click every ten milliseconds, then without any."""
    stores.migrate(_DATABASE)
    stores.redis.delete(_STREAM)
    environment = stores.settings(
        stream=_STREAM,
        consumers=2,
        clickhouse_url=stores.url(_DATABASE),
        workers_metrics_bind="off",
        data_dir=log.parent / "data",
    )
    with started(["-m", "workers"], environment, log) as process:
        _wait_for_group(stores)
        with stores.client(_DATABASE) as client:
            ages = sorted(_ages(stores, client, seconds))
        idle_share = _idle_share(process.pid, seconds)
    return LightLoad(
        clicks=len(ages),
        p50_seconds=ages[len(ages) // 2],
        p99_seconds=ages[len(ages) * 99 // 100],
        slowest_seconds=ages[-1],
        idle_share=idle_share,
    )


def _ages(stores: Stores, client: Client, seconds: int) -> Iterator[float]:
    """Send clicks at random moments; yield the age of each when a query first returned it."""
    traffic, chance = Traffic(), random.Random(1)
    wanted = seconds * _PER_SECOND
    seen: set[bytes] = set()
    sent, send_at, look_at = 0, time.time(), time.time()
    deadline = time.monotonic() + seconds + _MOST_SECONDS
    while len(seen) < wanted:
        if time.monotonic() > deadline:
            raise RunFailed(f"{wanted - len(seen)} of {wanted} clicks never came")
        now = time.time()
        if sent < wanted and now >= send_at:
            send(stores.redis, _STREAM, traffic.clicks(1, round(now * 1000)))
            sent, send_at = sent + 1, send_at + chance.expovariate(_PER_SECOND)
        elif now >= look_at:
            yield from _new_ages(client, seen)
            look_at = now + _LOOK_SECONDS
        else:
            time.sleep(min(send_at if sent < wanted else look_at, look_at) - now)


def _new_ages(client: Client, seen: set[bytes]) -> Iterator[float]:
    recent = "SELECT click_id FROM clicks WHERE time > now64(3) - INTERVAL 20 SECOND"
    found = {one for (one,) in client.execute(recent, settings={"strings_as_bytes": True})}
    now = time.time()
    for click_id in found - seen:
        yield now - int.from_bytes(click_id[:6], "big") / 1000
    seen |= found


def _wait_for_group(stores: Stores) -> None:
    def are_there() -> bool:
        redis = stores.redis
        return redis.exists(_STREAM) and len(redis.xinfo_consumers(_STREAM, GROUP)) == 2

    if not wait_for(are_there, _MOST_SECONDS):
        raise RunFailed("the workers did not begin")


def _idle_share(pid: int, seconds: int) -> float:
    time.sleep(_SETTLE_SECONDS)
    before = cpu_seconds(tree(pid))
    time.sleep(seconds)
    return (cpu_seconds(tree(pid)) - before) / seconds
