from pathlib import Path

import pytest

from app.stores.redis.asking import cluster_locator
from app.stores.redis.cluster import SLOT_COUNT, slot_of
from app.stores.redis.cluster_locator import ClusterRefused, ClusterUnknown
from tests.support.cluster import Cluster
from tests.support.redirect.waiting import wait_until


def test_the_nodes_of_a_cluster_tell_where_slots_are(cluster: Cluster) -> None:
    locator = cluster_locator(cluster.url)
    assert locator.slots().slot_count == SLOT_COUNT
    assert locator.primary_of(slot_of("a")).port == cluster.owner("a").port


def test_one_seed_will_do(cluster: Cluster, free_port) -> None:
    url = f"redis+cluster://127.0.0.1:{free_port()},127.0.0.1:{cluster.nodes[2].port}"
    assert len(cluster_locator(url).slots().nodes) == 3


def test_a_server_that_is_no_cluster_is_refused(redis_url: str) -> None:
    url = redis_url.replace("redis://", "redis+cluster://")
    with pytest.raises(ClusterRefused, match=r"is no node of a cluster: write the URL of one ser"):
        cluster_locator(url).slots()


def test_who_is_not_let_in_is_told_so(cluster: Cluster) -> None:
    url = cluster.url.replace("://", "://nobody:geheim@")
    with pytest.raises(ClusterRefused, match="does not let us in") as refused:
        cluster_locator(url).slots()
    assert "geheim" not in str(refused.value)


def test_nodes_that_are_away_are_named(free_port) -> None:
    port = free_port()
    with pytest.raises(ClusterUnknown, match=f"127.0.0.1:{port} can't be asked: .*refused"):
        cluster_locator(f"redis+cluster://127.0.0.1:{port}").slots()


def test_a_slot_that_moves_is_followed_within_a_second(cluster: Cluster) -> None:
    locator, slot = cluster_locator(cluster.url), slot_of("moved")
    source = cluster.owner(slot)
    target = next(node for node in cluster.nodes if node is not source)
    locator.slots()
    cluster.move_slot(slot, target)
    wait_until(lambda: locator.primary_of(slot).port == target.port)
    cluster.move_slot(slot, source)


def test_a_primary_that_is_cut_off_and_takes_itself_for_one_is_not_believed(tmp_path: Path) -> None:
    with Cluster(tmp_path, replicas=3, node_timeout_ms=500) as cluster:
        locator, slot = cluster_locator(cluster.url), slot_of("a")
        victim = cluster.owner(slot)
        replica = cluster.replica_of(victim)
        victim.cut_off()
        wait_until(lambda: locator.primary_of(slot).port == replica.port)
        believed_by_itself = victim.view().node_of(slot)
        assert believed_by_itself is not None
        assert believed_by_itself.end[1] == victim.port
        victim.reconnect()
        cluster.wait_for_primary(replica)
        assert locator.primary_of(slot).port == replica.port
