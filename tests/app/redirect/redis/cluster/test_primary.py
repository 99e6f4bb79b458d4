"""The pipeline to a primary, on real servers that take its place and are no primaries any more."""

import gevent
import hiredis
import pytest
from redis import Redis

from app.redirect.redis.cluster.primary import Primary, PrimaryPipeline
from app.redirect.redis.resp import encode_command
from app.stores.redis.address import Address
from app.stores.redis.cluster import Node
from tests.support.redirect.pipelines import task_failures
from tests.support.redirect.waiting import wait_until
from tests.support.servers import RedisServer

RUN_ID = encode_command(b"INFO", b"server")


@pytest.fixture
def servers(tmp_path):
    with RedisServer(tmp_path / "a") as first, RedisServer(tmp_path / "b") as second:
        yield first, second


@pytest.fixture
def followed() -> list[str]:
    return []


@pytest.fixture
def primary(servers, followed):
    def follow(reply, _command, _on_reply) -> bool:
        followed.append(str(reply))
        return False

    def make_pipeline(one: Primary) -> PrimaryPipeline:
        return PrimaryPipeline(
            one.locate,
            follow=follow,
            name="test",
            timeout_seconds=30,
            task_failures=task_failures(),
        )

    made = Primary(node(servers[0]), Address(seeds=(("127.0.0.1", 1),)), make_pipeline)
    made.pipeline.start()
    assert made.pipeline.connected.wait(60)
    yield made
    made.pipeline.close(0)


def node(server: RedisServer) -> Node:
    return Node(f"node{server.port}", ("127.0.0.1", server.port))


def test_it_moves_to_another_end_at_once_and_takes_it_for_another_server(servers, primary):
    told = []
    primary.pipeline.on_new_server.append(lambda: told.append(True))
    primary.become(node(servers[1]))
    wait_until(lambda: not primary.is_away)
    assert f"tcp_port:{servers[1].port}".encode() in primary.pipeline.call(RUN_ID, 2)
    assert told == [True]
    assert str(primary) == f"127.0.0.1:{servers[1].port}"


def test_one_that_is_the_same_is_not_left(servers, primary):
    connection = primary.pipeline.connection
    primary.become(node(servers[0]))
    gevent.sleep(0.05)
    assert primary.pipeline.connection is connection


def test_a_replica_is_not_connected_to_until_it_is_promoted(servers, primary, caplog):
    with Redis(port=servers[1].port) as client:
        client.replicaof("127.0.0.1", servers[0].port)
        wait_until(lambda: client.info("replication")["master_link_status"] == "up")
        primary.become(node(servers[1]))
        wait_until(lambda: "is a replica, though the cluster's map has it lead" in caplog.text)
        assert primary.is_away
        client.replicaof("NO", "ONE")
        wait_until(lambda: not primary.is_away)


def test_only_an_error_is_shown_to_who_follows_redirections(primary, followed):
    assert primary.pipeline.call(encode_command(b"PING"), 2) == b"PONG"
    with pytest.raises(hiredis.ReplyError, match="unknown command"):
        primary.pipeline.call(encode_command(b"NONSENSE"), 2)
    assert [text.partition(" ")[0] for text in followed] == ["ERR"]
