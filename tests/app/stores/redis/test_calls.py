from collections.abc import Callable

import pytest

from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.cluster import slot_of
from app.stores.redis.errors import RedisRefused
from tests.support.cluster import Cluster


def test_one_server_is_called_as_ever(redis_url: str) -> None:
    with connect(redis_url, timeout_seconds=30) as client:
        call = caller(client, redis_url, 30)
        assert call("SET", "a", "1") == b"OK"
        assert call("GET", "a") == b"1"


@pytest.fixture
def call(cluster: Cluster) -> Callable[..., object]:
    return caller(connect(cluster.url, timeout_seconds=30), cluster.url, 30)


def test_of_a_cluster_each_command_goes_where_its_key_is(
    cluster: Cluster, call: Callable[..., object]
) -> None:
    keys = [f"clicks:stream:{{{tag}}}" for tag in ("u0", "ly", "9s")]
    assert {cluster.owner(key) for key in keys} == set(cluster.nodes)
    for key in keys:
        call("XADD", key, "1-1", "a", "1")
        assert call("EVAL", "return redis.call('XLEN', KEYS[1])", 1, key) == 1
        assert call("XINFO", "GROUPS", key) == []
        assert call("XRANGE", key, "-", "+") == [[b"1-1", [b"a", b"1"]]]


def test_a_slot_that_moves_is_followed(cluster: Cluster, call: Callable[..., object]) -> None:
    source = cluster.owner("moved")
    call("SET", "moved", "1")
    cluster.move_slot(slot_of("moved"), next(node for node in cluster.nodes if node is not source))
    assert call("INCR", "moved") == 2
    cluster.move_slot(slot_of("moved"), source)
    assert call("INCR", "moved") == 3


def test_a_command_without_a_key_goes_to_every_primary(
    cluster: Cluster, call: Callable[..., object]
) -> None:
    call("CONFIG", "SET", "maxmemory-samples", 7)
    for node in cluster.nodes:
        assert node.call("CONFIG", "GET", "maxmemory-samples")[1] == "7"


def test_what_a_node_refuses_is_refused(call: Callable[..., object]) -> None:
    call("SET", "a", "text")
    with pytest.raises(RedisRefused, match="is not an integer"):
        call("INCR", "a")
