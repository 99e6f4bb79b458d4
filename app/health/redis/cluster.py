"""Checks of a cluster: whether all slots are served, and each primary may die or be cut off.

Source: https://redis.io/docs/latest/operate/oss_and_stack/management/scaling/
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from app.config.settings import Settings
from app.config.shards import written_shards
from app.health.check import Check, fail, ok, warn
from app.health.redis.replication import replication_checks
from app.health.redis.server import read_config, redis_checks
from app.health.redis.shards import of_each, shard_use_checks
from app.stores.redis.asking import ask_once
from app.stores.redis.cluster import SLOT_COUNT, Node, SlotMap, slot_of
from app.stores.redis.errors import translated
from app.stores.redis.routing import ClusterClient

#: A primary that is away for longer is replaced: a busy one if it is less, late if it is more.
_NODE_TIMEOUT_MS = range(2_000, 5_001)
#: What a node says of itself of a slot that it hands over, or takes, in CLUSTER NODES.
_OPEN_SLOT = re.compile(r"\[(\d+)-[<>]-")
_NAME = "cluster nodes"


def cluster_checks(client: ClusterClient, url: str, settings: Settings) -> Iterator[Check]:
    """Yield the findings about a cluster and each of its primaries.

    Raises:
        RedisUnavailable, RedisRefused: a primary doesn't answer as it should.
    """
    with translated(url):
        slots = client.slots()
    yield judge_nodes(client.locator.silent_seeds(), slots)
    yield judge_slots(slots)
    yield judge_replicas(slots)
    written = [shard.stream for shard in written_shards(settings)]
    yield judge_places(slots, written)
    found = [
        (f"{node.end[0]}:{node.end[1]}", check)
        for node in slots.nodes
        for check in _primary_checks(client, url, node, settings, slots)
    ]
    yield from of_each(found, "primaries")
    yield from shard_use_checks(client, url, settings)


def _primary_checks(
    client: ClusterClient, url: str, node: Node, settings: Settings, slots: SlotMap
) -> Iterator[Check]:
    primary = client.node(node.end)
    maxlen = sum(
        shard.stream_maxlen
        for shard in written_shards(settings)
        if slots.node_of(slot_of(shard.stream)) == node
    )
    longest_wait_ms = settings.lookup_timeout_seconds * 1000
    yield from redis_checks(primary, url, maxlen, longest_wait_ms)
    config = {**read_config(primary, url, "cluster-*"), **read_config(primary, url, "min-rep*")}
    yield from replication_checks(
        primary,
        url,
        settings.resend_seconds,
        needs_replica=settings.confirm == "replica",
        # After that it knows that it lacks the majority.
        alone_seconds=_node_timeout_ms(config) / 1000,
    )
    yield judge_settings(config, len(node.replicas))
    yield judge_moves(
        ask_once(
            client.locator.at(node.end),
            "CLUSTER",
            "NODES",
            timeout_seconds=settings.redis_timeout_seconds,
        ).decode()
    )


def judge_nodes(silent: Sequence[str], slots: SlotMap) -> Check:
    """Judge who answers.

    Args:
        silent: what is said of each node of the URL that doesn't tell how it sees the cluster.
    """
    away = [f"{node.end[0]}:{node.end[1]}" for node in slots.nodes if node.is_failed]
    if away:
        text = f"primaries are away and not replaced: {', '.join(away)}"
        return fail(_NAME, text, "start them, or CLUSTER FAILOVER FORCE at a replica of each")
    if silent:
        mend = "start them, or take those that are gone for good out of HOPLINE_REDIS_URL"
        return warn(_NAME, "; ".join(silent), mend)
    return ok(_NAME, f"{len(slots.nodes)} primaries, and all nodes of the URL answer")


def judge_slots(slots: SlotMap) -> Check:
    """Judge whether all slots are served."""
    name = "cluster slots"
    missing = SLOT_COUNT - slots.slot_count
    if not missing:
        return ok(name, "all are served")
    text = (
        f"nobody serves {missing:,} of {SLOT_COUNT:,} slots: their shards' clicks go elsewhere or"
        " wait, and their links can't be found"
    )
    return fail(name, text, "bring their primary back, or CLUSTER ADDSLOTS those that never were")


def judge_replicas(slots: SlotMap) -> Check:
    """Judge whether each primary has somebody to take its place, and enough can agree on that."""
    name = "cluster replicas"
    alone = [f"{node.end[0]}:{node.end[1]}" for node in slots.nodes if not node.replicas]
    if len(slots.nodes) < 3:
        text = f"of {len(slots.nodes)} primaries none may die: no majority is left to replace it"
        return warn(name, text, "have three primaries or more, on as many hosts")
    if alone:
        text = f"nobody takes the place of {', '.join(alone)}"
        return warn(name, text, "add a replica for each on another host: CLUSTER REPLICATE")
    return ok(name, "each primary has one")


def judge_places(slots: SlotMap, streams: Sequence[str]) -> Check:
    """Judge how evenly shards that are written lie on the primaries."""
    name = "cluster shards"
    owners = [slots.node_of(slot_of(stream)) for stream in streams]
    count = Counter(node.id for node in owners if node is not None)
    numbers = [count[node.id] for node in slots.nodes]
    text = f"{len(streams)} shards, {' + '.join(map(str, numbers))} on {len(numbers)} primaries"
    if not min(numbers):
        text += ": one without takes no clicks, and its append-only file isn't written anew"
    elif max(numbers) <= 2 * min(numbers):
        return ok(name, text)
    mend = "more HOPLINE_STREAM_SHARDS lie more evenly, 8 on three primaries; or move slots"
    return warn(name, text, mend)


def judge_settings(config: Mapping[str, str], replica_count: int) -> Check:
    """Judge a node's settings of the cluster, empty where it may not be asked."""
    name = "cluster settings"
    if int(config.get("min-replicas-to-write", 0)) >= replica_count > 0:
        text = (
            f"with {replica_count} replicas and as many wanted (min-replicas-to-write) its slots"
            " take no writes once one of them is away or promoted"
        )
        return warn(name, text, "add a replica, or CONFIG SET min-replicas-to-write 0")
    if config.get("cluster-require-full-coverage") == "yes":
        text = "a primary that dies stops all others as well (cluster-require-full-coverage yes)"
        return warn(
            name, text, "CONFIG SET cluster-require-full-coverage no, and the same in its file"
        )
    timeout_ms = _node_timeout_ms(config)
    if timeout_ms not in _NODE_TIMEOUT_MS:
        text = f"a primary counts as away after {timeout_ms:,} ms (cluster-node-timeout)"
        return warn(name, text, "CONFIG SET cluster-node-timeout to something from 2000 to 5000")
    return ok(name, f"a primary counts as away after {timeout_ms:,} ms")


def _node_timeout_ms(config: Mapping[str, str]) -> int:
    return int(config.get("cluster-node-timeout", _NODE_TIMEOUT_MS.start))


def judge_moves(lines: str) -> Check:
    """Judge whether a node hands slots over: shards in one wait until that is done.

    Args:
        lines: CLUSTER NODES.
    """
    name = "cluster moves"
    slots = _OPEN_SLOT.findall(lines)
    if not slots:
        return ok(name, "none is under way")
    text = f"slots are half moved: {', '.join(slots)}; shards in them wait for the end"
    return warn(name, text, "let the move end, or end it: redis-cli --cluster fix")
