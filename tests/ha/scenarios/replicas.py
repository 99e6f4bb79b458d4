"""Scenarios in which a replica of ClickHouse, or the Keeper beside them, goes."""

from pathlib import Path
from typing import cast

from app.local.clickhouse import DATABASE
from loadtest.common.processes import below
from tests.ha.accounts.counts import differing
from tests.ha.accounts.outcome import Span
from tests.ha.monitors.inserts import Inserts
from tests.ha.options import Asked, Options
from tests.ha.scenarios.scenario import Scenario
from tests.ha.stage import Stage
from tests.ha.testbed.clickhouse_side import ClickHouseReplicas
from tests.ha.testbed.redis_side import OneRedis
from tests.ha.testbed.testbed import Testbed
from tests.support.clickhouse.replicated import Replica
from tests.support.network import HERE
from tests.support.servers import store_binary

#: An insert waits no longer for a replica that is away.
_REPLICA_MS = 1_000.0
_KEEPER_AWAY_SECONDS = _SHARD_AWAY_SECONDS = 5.0
_SHARDS = 2
#: Beside what is usual: one consumer, so that no other's inserts hide its wait.
_TUNING = {"consumers": 1, "insert_seconds": 0.2, "clickhouse_timeout_seconds": 10.0}
#: What an insert was said to be that isn't there.
_FALSE_ALARM = "were dropped as duplicates that are not stored"


def _set_up(folder: Path, asked: Asked, _: Options) -> Testbed:
    redis_side = OneRedis(folder, store_binary(asked.store))
    return Testbed(folder, redis_side, ClickHouseReplicas(folder), (HERE,), **_TUNING)


def _set_up_shards(folder: Path, asked: Asked, _: Options) -> Testbed:
    redis_side = OneRedis(folder, store_binary(asked.store))
    return Testbed(folder, redis_side, ClickHouseReplicas(folder, _SHARDS), (HERE,), **_TUNING)


def _kill_each(stage: Stage) -> None:
    """Kill whichever replica the consumer writes to, and when that is back, the other."""
    side, inserts = _begin(stage)
    for _ in side.replicas:
        used = _used(stage.testbed, side)
        struck_ms = stage.strike(f"{_name(used)} killed")
        used.kill()
        stage.calm()
        _note_wait(stage, inserts, struck_ms)
        stage.audit()
        stage.strike(f"{_name(used)} is back", is_blow=False)
        used.start()
        stage.calm()


def _kill_keeper(stage: Stage) -> None:
    side, inserts = _begin(stage)
    stage.strike("Keeper killed")
    side.servers.keeper.kill()
    stage.rest(_KEEPER_AWAY_SECONDS)
    stage.audit()
    side.servers.keeper.start()
    _note_return(stage, inserts, stage.strike("Keeper is back", is_blow=False))


def _hold_back(stage: Stage) -> None:
    """Have the replica lag that the consumer doesn't write to, then kill the other one."""
    side, inserts = _begin(stage)
    used = _used(stage.testbed, side)
    (lagging,) = (replica for replica in side.replicas if replica is not used)
    stage.strike(f"{_name(lagging)} stops fetching")
    for table in side.tables:
        lagging.execute(f"SYSTEM STOP FETCHES {table}")
    stage.calm()
    stage.audit()
    struck_ms = stage.strike(f"{_name(used)} killed")
    used.kill()
    stage.calm()
    _note_wait(stage, inserts, struck_ms)
    stage.audit()
    stage.strike("fetching and back", is_blow=False)
    for table in side.tables:
        lagging.execute(f"SYSTEM START FETCHES {table}")
    used.start()
    stage.calm()


def _kill_shard(stage: Stage) -> None:
    """Kill all replicas of one shard: nobody can insert what belongs there."""
    side, inserts = _begin(stage)
    *_, victims = side.servers.shards
    stage.strike("a whole shard killed")
    for replica in victims:
        replica.kill()
    stage.rest(_SHARD_AWAY_SECONDS)
    stage.audit()
    for replica in victims:
        replica.start()
    _note_return(stage, inserts, stage.strike("the shard is back", is_blow=False))


def _begin(stage: Stage) -> tuple[ClickHouseReplicas, Inserts]:
    side = cast("ClickHouseReplicas", stage.testbed.clickhouse_side)
    inserts = stage.watch(Inserts([replica.port for replica in side.replicas]))
    stage.warm()
    return side, inserts


def _used(testbed: Testbed, side: ClickHouseReplicas) -> Replica:
    """Return the replica that the consumer is connected to; the first if it is to none."""
    _, workers = testbed.hosts[0].services
    (consumer,) = below(workers.pid, "hopline: consumer", recursive=False)
    ports = {one.raddr.port for one in consumer.net_connections() if one.raddr}
    return next((one for one in side.replicas if one.port in ports), side.replicas[0])


def _name(replica: Replica) -> str:
    return f"replica {replica.macros['replica']}"


def _note_return(stage: Stage, inserts: Inserts, back_ms: int) -> None:
    """Note how soon rows arrive again after nobody could insert any."""
    stage.testbed.wait(lambda: inserts.at_ms[-1] > back_ms, stage.options.settle_seconds)
    stage.noted["ms until rows arrived after that was back"] = inserts.at_ms[-1] - back_ms
    stage.calm()


def _note_wait(stage: Stage, inserts: Inserts, since_ms: int) -> None:
    """Note how long rows didn't arrive after a replica was killed."""
    gap = inserts.pause(since_ms, since_ms + int(stage.options.calm_seconds * 1_000))
    ms = gap.to_ms - gap.from_ms
    stage.spans.append(Span("no row arrived, as a replica was away", gap.from_ms, ms, _REPLICA_MS))


def _conclude(stage: Stage) -> None:
    side = cast("ClickHouseReplicas", stage.testbed.clickhouse_side)
    side.catch_up()
    first, *others = side.replicas
    amiss = sum(differing(first.url(DATABASE), other.url(DATABASE)) for other in others)
    stage.expect("clicks that replicas count differently", found=amiss)
    alarms = sum(host.log.count(_FALSE_ALARM) for host in stage.testbed.hosts)
    stage.expect("false alarms of inserts", found=alarms)
    stage.conclude_audits()


SCENARIOS = tuple(
    Scenario(name, text, set_up, play, _conclude)
    for name, text, set_up, play in (
        (
            "replica",
            "kill -9 of the ClickHouse that is written to, then of the other",
            _set_up,
            _kill_each,
        ),
        ("keeper", f"Keeper killed for {_KEEPER_AWAY_SECONDS:g} s", _set_up, _kill_keeper),
        ("lag", "one ClickHouse lags, then kill -9 of the other", _set_up, _hold_back),
        (
            "shard-away",
            f"of {_SHARDS} shards with two ClickHouses each one killed for"
            f" {_SHARD_AWAY_SECONDS:g} s",
            _set_up_shards,
            _kill_shard,
        ),
    )
)
