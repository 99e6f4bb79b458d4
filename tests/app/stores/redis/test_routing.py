import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from app.stores.redis.client import connect, despite_full, require_version
from app.stores.redis.cluster import slot_of
from app.stores.redis.connection import RedisConnection
from app.stores.redis.errors import RedisRefused, RedisUnavailable, translated
from app.stores.redis.routing import ClusterClient, key_of
from tests.support.cluster import Cluster, ClusterNode

KEYS = [f"k{number}" for number in range(30)]


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Redis]:
    with connect(cluster.url, timeout_seconds=30) as made:
        yield made


def other_than(cluster: Cluster, owner: ClusterNode) -> ClusterNode:
    return next(node for node in cluster.nodes if node is not owner)


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (("GET", "a"), "a"),
        (("EVAL", "return 1", 2, "a", "b", "c"), "a"),
        (("EVAL", "return 1", 0, "c"), None),
        (("XINFO STREAM", b"a"), b"a"),
        (("XINFO", "GROUPS", "a"), "a"),
        (("MEMORY USAGE", "a", "SAMPLES", 0), "a"),
        (("XGROUP CREATE", "a", "g", "0"), "a"),
        (("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "a", ">"), "a"),
        (("XREAD", "STREAMS", "a", "0"), "a"),
        (("INFO", "server"), None),
        (("CONFIG GET", "port"), None),
        (("TIME",), None),
    ],
)
def test_the_key_of_a_command_is_found(command: tuple[object, ...], key: str | bytes) -> None:
    assert key_of(command) == key


def test_keys_of_all_nodes_are_written_and_read(cluster: Cluster, client: Redis) -> None:
    for key in KEYS:
        client.set(key, key)
    assert {cluster.owner(key) for key in KEYS} == set(cluster.nodes)
    assert client.mget(KEYS) == [key.encode() for key in KEYS]
    assert client.mget("k1", "k2") == [b"k1", b"k2"]
    assert client.mget(["none"]) == [None]


def test_streams_in_several_slots_are_read_and_waited_for(client: Redis) -> None:
    client.xadd("s1", {"n": "1"}, id="1-1")
    client.xadd("s2", {"n": "2"}, id="2-1")
    after: dict[Any, Any] = {"s1": "0-0", "s2": "0-0"}
    assert client.xread(after, count=5) == [
        [b"s1", [(b"1-1", {b"n": b"1"})]],
        [b"s2", [(b"2-1", {b"n": b"2"})]],
    ]
    adding = threading.Timer(0.3, client.xadd, ["s2", {"n": "3"}, "3-1"])
    adding.start()
    after = {"s1": "1-1", "s2": "2-1"}
    assert client.xread(after, block=10_000) == [[b"s2", [(b"3-1", {b"n": b"3"})]]]
    assert client.xread({"s1": "1-1"}, block=10) == []


def test_a_pipeline_returns_replies_in_the_order_of_its_commands(client: Redis) -> None:
    with client.pipeline(transaction=False) as pipeline:
        for key in KEYS:
            pipeline.set(key, key)
            pipeline.get(key)
        replies = pipeline.execute()
    assert replies == [one for key in KEYS for one in (True, key.encode())]


def test_a_pipeline_raises_its_first_error_and_has_sent_all(client: Redis) -> None:
    client.set("text", "a")
    pipeline = client.pipeline(transaction=False)
    pipeline.incr("text").set("b", "1").set("c", "1")
    with (
        pytest.raises(RedisRefused, match="is not an integer"),
        translated("redis+cluster://h"),
    ):
        pipeline.execute()
    assert client.mget("b", "c") == [b"1", b"1"]


def test_a_transaction_is_refused(client: Redis) -> None:
    with pytest.raises(Exception, match="no transactions over the slots"):
        client.pipeline()


def test_what_a_user_wants_done_with_replies_holds_for_all_nodes(client: Redis) -> None:
    client.set_response_callback("GET", lambda reply: (reply,))
    assert [client.get(key) for key in KEYS] == [(None,)] * len(KEYS)


def test_scripts_and_commands_without_a_key_go_somewhere(cluster: Cluster, client: Redis) -> None:
    client.execute_command(*despite_full("a", "SET", "a", "1"))
    assert client.get("a") == b"1"
    assert client.ping()
    assert client.info("cluster")["cluster_enabled"] == 1
    assert require_version(client, cluster.url).startswith("Valkey")


def test_each_primary_can_be_asked_by_itself(cluster: Cluster, client: Redis) -> None:
    assert isinstance(client, ClusterClient)
    ports = [int(each.config_get("port")["port"]) for each in client.primaries()]
    assert ports == [node.port for node in cluster.nodes]


def test_a_slot_that_has_moved_is_followed_in_the_same_call(
    cluster: Cluster, client: Redis
) -> None:
    client.set("moved", "1")
    slot, source = slot_of("moved"), cluster.owner("moved")
    calls = RedisConnection(connect(cluster.url, timeout_seconds=30, near="moved"), cluster.url, 30)
    assert calls.call("GET", "moved") == b"1"
    cluster.move_slot(slot, other_than(cluster, source))
    with client.pipeline(transaction=False) as pipeline:
        assert pipeline.get("moved").get("other").execute() == [b"1", None]
    assert client.get("moved") == b"1"
    cluster.move_slot_at_once(slot, source)
    assert client.get("moved") == b"1"
    assert calls.call("INCR", "moved") == 2


def test_keys_of_a_slot_that_is_being_moved_are_found_at_either_node(
    cluster: Cluster, client: Redis
) -> None:
    client.set("{s}here", "1")
    source = cluster.owner("{s}here")
    target = other_than(cluster, source)
    cluster.begin_move(slot_of("s"), target)
    assert client.get("{s}here") == b"1"
    assert client.incr("{s}new") == 1
    with client.pipeline(transaction=False) as pipeline:
        assert pipeline.incr("{s}new").get("{s}here").execute() == [2, b"1"]
    near = RedisConnection(connect(cluster.url, timeout_seconds=30, near="s"), cluster.url, 30)
    assert near.call("INCR", "{s}new") == 3
    with pytest.raises(RedisUnavailable, match="TRYAGAIN"):
        near.call("EVAL", "return 1", 2, "{s}here", "{s}new")
    cluster.move_slot(slot_of("s"), target)
    assert client.mget("{s}here", "{s}new") == [b"1", b"3"]
    cluster.move_slot(slot_of("s"), source)


def test_a_node_behind_a_plain_url_is_told_to_be_one(cluster: Cluster) -> None:
    key = next(key for key in KEYS if cluster.owner(key) is not cluster.nodes[0])
    url = f"redis://127.0.0.1:{cluster.nodes[0].port}/0"
    text = r"is a node of a cluster: write its URL as redis\+cluster"
    with connect(url, timeout_seconds=30) as plain:
        with pytest.raises(RedisRefused, match=text), translated(url):
            plain.get(key)
        with pytest.raises(RedisRefused, match=text):
            require_version(plain, url)


def test_what_is_no_cluster_is_told_in_one_line(redis_url: str) -> None:
    url = redis_url.replace("redis://", "redis+cluster://u:geheim@")
    with (
        connect(redis_url, timeout_seconds=30) as plain,
        connect(url, timeout_seconds=30) as client,
    ):
        plain.acl_setuser("u", enabled=True, passwords="+geheim", categories=["+@all"], keys="*")
        try:
            with (
                pytest.raises(
                    RedisRefused, match=r"can't be used: .* is no node of a cl"
                ) as refused,
                translated(url),
            ):
                client.get("a")
        finally:
            plain.acl_deluser("u")
    assert "geheim" not in str(refused.value)


def test_nodes_that_are_away_are_an_outage(free_port: Callable[[], int]) -> None:
    url = f"redis+cluster://127.0.0.1:{free_port()}"
    for near in ("", "a"):
        with (
            connect(url, timeout_seconds=30, near=near) as client,
            pytest.raises(RedisUnavailable, match=r"is away: .* can't be asked"),
            translated(url),
        ):
            client.get("a")
