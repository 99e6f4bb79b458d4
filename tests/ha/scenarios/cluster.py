"""Scenarios on a Redis Cluster of three primaries with a replica each, with four shards."""

from functools import partial
from pathlib import Path
from typing import Any, cast

from app.config.settings import Settings
from app.config.shards import written_shards
from app.stores.keys import shard_key
from app.stores.redis.cluster import slot_of
from app.stores.shards import SHARD_TAGS
from tests.ha.accounts.outcome import Span
from tests.ha.accounts.recording import longest_gap, read_entries
from tests.ha.accounts.targets import freshness, links, visitors
from tests.ha.monitors.failover_observer import Promotion
from tests.ha.options import Asked, Options
from tests.ha.scenarios.scenario import Scenario
from tests.ha.scenarios.shards import TUNING as SHARDS_TUNING
from tests.ha.scenarios.shards import grow_and_shrink
from tests.ha.stage import Stage
from tests.ha.testbed.clickhouse_side import OneClickHouse
from tests.ha.testbed.redis_side import ClusteredRedis
from tests.ha.testbed.testbed import Testbed
from tests.support.cluster import Cluster, ClusterNode
from tests.support.servers import store_binary

_NODE_TIMEOUT_MS = 2_000
_SHARDS = 4
_TUNING = {"stream_shards": _SHARDS, "consumers": _SHARDS + 1, "insert_seconds": 0.2}
#: The one shard of a cluster whose clicks are not spread over several.
_ONLY_STREAM = shard_key(Settings.model_fields["stream"].default, SHARD_TAGS[0])
#: In the slot that is moved.
_FINISHED_ENTRIES = 200_000
_PAUSE_MS = 500.0
#: Beside the node timeout, until a dead shard's clicks are counted.
_FRESH_MS = 5_000.0
_PROMOTED_SECONDS = 30.0
_RATE = 1_500.0


def _cluster(stage: Stage) -> Cluster:
    return cast("ClusteredRedis", stage.testbed.redis_side).cluster


def _set_up(folder: Path, asked: Asked, _: Options) -> Testbed:
    redis_side = ClusteredRedis(folder, store_binary(asked.store), _NODE_TIMEOUT_MS)
    return Testbed(folder, redis_side, OneClickHouse(folder), **_TUNING)


def _set_up_preloaded(folder: Path, asked: Asked, _: Options) -> Testbed:
    """Have one shard, so that all clicks go through the slot that is moved."""
    binary = store_binary(asked.store)
    redis_side = ClusteredRedis(folder, binary, _NODE_TIMEOUT_MS, {_ONLY_STREAM: _FINISHED_ENTRIES})
    return Testbed(folder, redis_side, OneClickHouse(folder), insert_seconds=0.2, consumers=2)


def _set_up_one_shard(folder: Path, asked: Asked, _: Options) -> Testbed:
    redis_side = ClusteredRedis(folder, store_binary(asked.store), _NODE_TIMEOUT_MS)
    return Testbed(folder, redis_side, OneClickHouse(folder), **SHARDS_TUNING)


def _kill_primary(stage: Stage) -> None:
    """Kill the primary of a shard that is being written; it comes back as a replica."""
    cluster = _cluster(stage)
    stage.disable_links()
    stage.warm()
    victim = cluster.owner(_youngest(stage.testbed))
    heir = cluster.replica_of(victim)
    struck_ms = stage.strike("primary killed")
    victim.kill()
    stage.testbed.wait(partial(_is_primary, heir), _PROMOTED_SECONDS)
    promoted_ms = stage.strike("replica promoted", is_blow=False)
    stage.promotions.append(Promotion(heir.port, promoted_ms, (), promoted_ms))
    stage.noted["ms until its replica was promoted"] = promoted_ms - struck_ms
    stage.calm()
    stage.strike("it is back", is_blow=False)
    victim.start()
    stage.calm()
    cluster.wait_until_whole()


def _move_slot(stage: Stage) -> None:
    """Move the slot of the only stream to another primary and back, by both methods."""
    cluster = _cluster(stage)
    slot = slot_of(_ONLY_STREAM)
    stage.warm()
    for name, move in (
        ("MIGRATESLOTS", cluster.move_slot_at_once),
        ("SETSLOT and MIGRATE", cluster.move_slot),
    ):
        source = cluster.owner(slot)
        target = next(node for node in cluster.primaries() if node is not source)
        for text, to in ((f"{name} there", target), (f"{name} back", source)):
            struck_ms = stage.strike(text, is_blow=False)
            move(slot, to)
            stage.noted[f"ms that {text} took"] = stage.strike("moved", is_blow=False) - struck_ms
            stage.calm()


def _conclude_moves(stage: Stage) -> None:
    """Note how long nothing was recorded at each move, and look whether all is still there."""
    with stage.testbed.redis() as client:
        found, _ = read_entries(client, _ONLY_STREAM)
    stage.entries = entries = [entry for entry in found if entry.number]
    stage.expect("finished entries missing", found=_FINISHED_ENTRIES - len(found) + len(entries))
    for begun, ended in zip(stage.struck[::2], stage.struck[1::2], strict=True):
        near = [one for one in entries if begun.at_ms - 1_000 <= one.at_ms <= ended.at_ms + 1_000]
        gap = longest_gap(near)
        ms = gap.to_ms - gap.from_ms
        stage.spans.append(Span(f"nothing recorded, {begun.text}", gap.from_ms, ms, _PAUSE_MS))
    stage.conclude_audits()


def _youngest(testbed: Testbed) -> str:
    """Return the stream that was written last."""

    def last_id(stream: str) -> tuple[int, ...]:
        said: Any = client.xinfo_stream(stream)
        return tuple(map(int, said["last-generated-id"].split(b"-")))

    with testbed.redis() as client:
        return max((shard.stream for shard in written_shards(testbed.settings)), key=last_id)


def _is_primary(node: ClusterNode) -> bool:
    return bool(node.call("ROLE")[0] == "master")


SCENARIOS = tuple(
    scenario._replace(rate=_RATE)
    for scenario in (
        Scenario(
            "cluster-kill",
            "kill -9 of a cluster's primary",
            _set_up,
            _kill_primary,
            Stage.conclude_audits,
            judges=(links, visitors, partial(freshness, most_ms=_NODE_TIMEOUT_MS + _FRESH_MS)),
        ),
        Scenario(
            "cluster-slot",
            f"a slot with {_FINISHED_ENTRIES:,} entries moved there and back, by both methods",
            _set_up_preloaded,
            _move_slot,
            _conclude_moves,
        ),
        Scenario(
            "cluster-shards",
            "on a cluster: from one shard to four and back, host by host",
            _set_up_one_shard,
            grow_and_shrink,
            Stage.conclude_audits,
            judges=(),
        ),
    )
)
