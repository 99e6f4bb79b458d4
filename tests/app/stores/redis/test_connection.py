from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from redis import Redis

from app.stores.redis.agreement import OneServer
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from app.stores.redis.errors import RedisRefused, RedisUnavailable
from tests.support.producers import STREAM
from tests.support.redirect.waiting import wait_until
from tests.support.tcp_proxy import TcpProxy

BLOCKING = ("XREAD", "BLOCK", 30_000, "STREAMS", STREAM, "$")
BLOCKING_OF_A_GROUP = ("XREADGROUP", "GROUP", "g", "c", "BLOCK", 30_000, "STREAMS", STREAM, ">")


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


def connect_once(url: str, reply_seconds: float = 2.0, block_ms: int = 30_000) -> RedisConnection:
    client = connect(url, timeout_seconds=reply_seconds, block_ms=block_ms)
    return RedisConnection(client, url, reply_seconds)


def ask(
    connection: RedisConnection, block_ms: int, should_end: Callable[[], bool], *command: str | int
) -> Any:
    connection.send(*command)
    return connection.receive(block_ms, should_end)


def block(connection: RedisConnection, server: Redis, *command: str | int) -> None:
    """Send a command, and wait until the server has it wait."""
    connection.send(*command)
    wait_until(lambda: server.info("clients")["blocked_clients"] == 1)


def test_a_reply_is_what_redis_said(redis_url):
    connection = connect_once(redis_url)
    assert connection.call("SET", "a", b"\xff") == b"OK"
    assert connection.call("GET", "a") == b"\xff"
    assert connection.call("STRLEN", "a") == 1


def test_many_commands_have_their_replies_in_order(redis_url):
    connection = connect_once(redis_url)
    texts = [b"x" * number for number in range(3_000)]
    assert connection.call_all([("ECHO", text) for text in texts]) == texts
    assert connection.call_all([]) == []


def test_a_refused_command_among_many_leaves_no_reply_behind(redis_url):
    connection = connect_once(redis_url)
    with pytest.raises(RedisRefused, match="unknown command"):
        connection.call_all([("ECHO", "a"), ("NONSENSE",), ("ECHO", "b")])
    assert connection.call("ECHO", "c") == b"c"


def test_a_reply_that_is_given_up_is_not_taken_for_another(redis_url):
    connection = connect_once(redis_url)
    connection.send("ECHO", "a")
    connection.hang_up()
    assert connection.call("ECHO", "b") == b"b"


def test_a_blocking_call_ends_when_told_to(redis_url):
    asked = iter([False, True])
    connection = connect_once(redis_url)
    assert ask(connection, 30_000, lambda: next(asked), *BLOCKING) is None
    assert connection.call("PING") == b"PONG"


def test_a_blocking_call_returns_what_comes(redis_url, redis):
    connection = connect_once(redis_url)
    block(connection, redis, *BLOCKING)
    redis.xadd(STREAM, {"a": "b"})
    reply = connection.receive(30_000, lambda: False)
    assert [flat for _, flat in reply[STREAM.encode()]] == [[b"a", b"b"]]


def test_a_missing_group_can_be_mended(redis_url):
    with pytest.raises(RedisUnavailable, match="NOGROUP"):
        connect_once(redis_url).call("XREADGROUP", "GROUP", "g", "c", "STREAMS", STREAM, ">")
    with pytest.raises(RedisUnavailable, match="no such key"):
        connect_once(redis_url).call("XINFO", "CONSUMERS", STREAM, "g")


def test_a_stream_deleted_under_a_blocked_read_can_be_mended(redis_url, redis):
    redis.xgroup_create(STREAM, "g", mkstream=True)
    connection = connect_once(redis_url)
    block(connection, redis, *BLOCKING_OF_A_GROUP)
    redis.delete(STREAM)
    with pytest.raises(RedisUnavailable, match=r"NOGROUP|UNBLOCKED"):
        connection.receive(30_000, lambda: False)


def test_a_wrong_command_is_refused(redis_url):
    with pytest.raises(RedisRefused, match="unknown command"):
        connect_once(redis_url).call("NONSENSE")


def test_a_killed_server_is_away_until_it_is_back(valkey_server):
    server = valkey_server()
    connection = connect_once(server.url)
    connection.call("PING")
    server.kill()
    for _ in range(2):
        with pytest.raises(RedisUnavailable):
            connection.call("PING")
    server.start()
    assert connection.call("PING") == b"PONG"


def test_a_server_that_hangs_is_given_up(redis_url, redis):
    connection = connect_once(redis_url, reply_seconds=0.3, block_ms=10_000)
    redis.client_pause(5000)
    with pytest.raises(RedisUnavailable, match="no reply"):
        ask(connection, 100, lambda: False, *BLOCKING)
    Redis.from_url(redis_url).client_unpause()


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_server_that_was_made_a_replica_is_left(any_redis_server, is_alone):
    old, new = any_redis_server(), any_redis_server()
    with TcpProxy(old.port) as proxy:
        client = connect(proxy.redis_url, timeout_seconds=2)
        connection = RedisConnection(
            client, proxy.redis_url, 2, None if is_alone else OneServer(proxy.redis_url)
        )
        connection.call("SET", "a", "old")
        with Redis(port=old.port) as demoted:
            demoted.replicaof("127.0.0.1", new.port)
        proxy.lead_to(new.port)
        with pytest.raises(RedisUnavailable, match="is a replica"):
            connection.call("SET", "a", "new")
        for _ in range(2):
            with suppress(RedisUnavailable):
                connection.call("SET", "a", "new")
        with Redis(port=new.port) as promoted:
            assert promoted.get("a") == b"new"
        client.close()


def test_what_was_asked_over_a_connection_that_ended_is_not_waited_for(redis_url):
    connection = connect_once(redis_url)
    connection.send("ECHO", "a")
    connection.hang_up()
    with pytest.raises(RedisUnavailable, match="ended before the reply"):
        connection.receive(30_000, lambda: False)


def test_a_read_that_is_blocked_when_its_server_becomes_a_replica_ends(any_redis_server):
    old, new = any_redis_server(), any_redis_server()
    with TcpProxy(old.port) as proxy, Redis(port=old.port) as demoted:
        connection = connect_once(proxy.redis_url)
        demoted.xgroup_create(STREAM, "g", mkstream=True)
        block(connection, demoted, *BLOCKING_OF_A_GROUP)
        demoted.replicaof("127.0.0.1", new.port)
        with pytest.raises(RedisUnavailable, match="UNBLOCKED"):
            connection.receive(30_000, lambda: False)
        proxy.lead_to(new.port)
        assert connection.call("SET", "a", "new") == b"OK"
