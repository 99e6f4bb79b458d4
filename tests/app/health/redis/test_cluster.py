from collections.abc import Iterator

import pytest

from app.config.settings import Settings
from app.config.shards import shards_of
from app.health.check import Check
from app.health.redis.cluster import (
    cluster_checks,
    judge_moves,
    judge_nodes,
    judge_places,
    judge_replicas,
    judge_settings,
    judge_slots,
)
from app.stores.redis.client import connect
from app.stores.redis.cluster import Node, SlotMap, SlotRange, slot_of
from app.stores.redis.routing import ClusterClient
from tests.conftest import MakeSettings
from tests.support.cluster import Cluster

STREAMS = [f"clicks:stream:{{{tag}}}" for tag in ("u0", "ly", "d2", "9s", "dj", "uv", "uh", "dt")]


def primary(number: int, *, replicas: int = 1, is_failed: bool = False) -> Node:
    followers = tuple(("r", at) for at in range(replicas))
    return Node(f"n{number}", ("h", number), number, followers, is_failed)


def shared(*nodes: Node, slots: int = 16_384) -> SlotMap:
    """A map in which primaries have their share of some slots."""
    edges = [slots * at // len(nodes) for at in range(len(nodes) + 1)]
    return SlotMap(
        SlotRange(first, end - 1, node)
        for first, end, node in zip(edges, edges[1:], nodes, strict=False)
    )


THREE = shared(*map(primary, (1, 2, 3)))


@pytest.mark.parametrize(
    ("check", "state", "words"),
    [
        (judge_nodes([], THREE), "ok", "3 primaries"),
        (judge_nodes(["a:1 doesn't answer"], THREE), "warn", "a:1 doesn't answer"),
        (judge_nodes([], shared(primary(1, is_failed=True))), "fail", "not replaced: h:1"),
        (judge_slots(THREE), "ok", "all"),
        (judge_slots(shared(primary(1), slots=16_000)), "fail", "nobody serves 384 of 16,384"),
        (judge_replicas(THREE), "ok", "each"),
        (judge_replicas(shared(primary(1), primary(2))), "warn", "of 2 primaries none may die"),
        (
            judge_replicas(shared(primary(1), primary(2, replicas=0), primary(3))),
            "warn",
            "nobody takes the place of h:2",
        ),
        (judge_places(THREE, STREAMS), "ok", "8 shards, 3 + 3 + 2 on 3 primaries"),
        (judge_places(THREE, STREAMS[:4]), "ok", "4 shards, 2 + 1 + 1"),
        (judge_places(THREE, STREAMS[:1]), "warn", "1 + 0 + 0 on 3 primaries: one without takes"),
        (
            judge_places(THREE, STREAMS[:6]),
            "warn",
            "6 shards, 3 + 2 + 1 on 3 primaries",
        ),
        (judge_settings({}, 1), "ok", "2,000 ms"),
        (
            judge_settings({"cluster-require-full-coverage": "yes"}, 1),
            "warn",
            "a primary that dies stops all others as well",
        ),
        (judge_settings({"cluster-node-timeout": "15000"}, 1), "warn", "15,000 ms"),
        (judge_settings({"min-replicas-to-write": "1"}, 2), "ok", "2,000 ms"),
        (
            judge_settings({"min-replicas-to-write": "1"}, 1),
            "warn",
            "take no writes once one of them is away or promoted",
        ),
        (judge_moves("a1 h:1@2 myself,master - 0 0 1 connected 0-9"), "ok", "none"),
        (
            judge_moves("a1 h:1@2 myself,master - 0 0 1 connected 0-9 [7->-b2] [8-<-c3]"),
            "warn",
            "half moved: 7, 8",
        ),
    ],
)
def test_each_finding(check: Check, state: str, words: str) -> None:
    assert check.state == state
    assert words in check.text
    assert bool(check.mend) == (state != "ok")


@pytest.fixture
def client(cluster: Cluster) -> Iterator[ClusterClient]:
    with connect(cluster.url, timeout_seconds=30) as made:
        assert isinstance(made, ClusterClient)
        yield made


@pytest.fixture
def settings(make_settings: MakeSettings, cluster: Cluster, client: ClusterClient) -> Settings:
    made = make_settings(redis_url=cluster.url, stream_shards=8)
    for shard in shards_of(made):
        client.xgroup_create(shard.stream, shard.group, "0", mkstream=True)
    return made


def test_a_real_cluster_is_looked_at_primary_by_primary(
    cluster: Cluster, client: ClusterClient, settings: Settings
) -> None:
    found = {check.name: check for check in cluster_checks(client, cluster.url, settings)}
    assert {name for name, check in found.items() if check.state != "ok"} == {
        "cluster replicas",
        "cluster settings",
    }
    assert found["redis rights"].text == "well in all 2 streams"
    assert found["redis persistence"].text == "well in all 3 primaries"
    assert "30,000 ms" in found["cluster settings"].text


def test_a_move_that_was_left_half_done_is_found(
    cluster: Cluster, client: ClusterClient, settings: Settings
) -> None:
    slot = slot_of(STREAMS[0])
    source = cluster.owner(slot)
    cluster.begin_move(slot, next(node for node in cluster.nodes if node is not source))
    found = [
        check
        for check in cluster_checks(client, cluster.url, settings)
        if check.name == "cluster moves"
    ]
    for node in cluster.nodes:
        node.call("CLUSTER", "SETSLOT", slot, "STABLE")
    assert [f"half moved: {slot};" in check.text for check in found] == [True, True]
