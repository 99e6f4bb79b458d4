import pytest
from redis import Redis

from app.stores.redis import pool
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisRefused, RedisUnavailable, translated
from tests.support.tcp_proxy import TcpProxy


@pytest.fixture
def servers(any_redis_server):
    return any_redis_server(), any_redis_server()


@pytest.fixture
def proxy(servers):
    with TcpProxy(servers[0].port) as started:
        yield started


def who(client: Redis) -> str:
    return client.info("server")["run_id"]


def test_an_old_connection_is_not_used_again(servers, proxy, monkeypatch):
    with connect(proxy.redis_url, timeout_seconds=30) as client:
        first = who(client)
        proxy.lead_to(servers[1].port)
        assert who(client) == first
        monkeypatch.setattr(pool, "_LONGEST_USE_SECONDS", 0)
        assert who(client) != first


def test_a_server_that_was_made_a_replica_is_not_asked_again(servers, proxy):
    with Redis(port=servers[0].port) as old, connect(proxy.redis_url, timeout_seconds=30) as client:
        first = who(client)
        old.replicaof("127.0.0.1", servers[1].port)
        proxy.lead_to(servers[1].port)
        with pytest.raises(RedisUnavailable, match="is a replica"), translated(proxy.redis_url):
            client.set("a", "b")
        assert who(client) != first
        assert client.set("a", "b")


def test_a_master_that_misses_its_replicas_is_looked_for_again(servers, proxy):
    with Redis(port=servers[0].port) as old, connect(proxy.redis_url, timeout_seconds=30) as client:
        first = who(client)
        old.config_set("min-replicas-to-write", 1)
        proxy.lead_to(servers[1].port)
        with pytest.raises(RedisUnavailable, match="NOREPLICAS"), translated(proxy.redis_url):
            client.set("a", "b")
        assert who(client) != first


def test_within_a_transaction_the_connection_stays(servers, proxy, monkeypatch):
    monkeypatch.setattr(pool, "_LONGEST_USE_SECONDS", 0)
    with connect(proxy.redis_url, timeout_seconds=30) as client, client.pipeline() as pipeline:
        pipeline.watch("a")
        proxy.lead_to(servers[1].port)
        pipeline.multi()
        pipeline.set("a", "b")
        assert pipeline.execute() == [True]
    with Redis(port=servers[0].port) as first:
        assert first.get("a") == b"b"


def test_an_error_names_the_end_that_it_came_from(servers):
    url = servers[0].url.replace("127.0.0.1", "localhost")
    with (
        connect(url, timeout_seconds=30) as client,
        pytest.raises(RedisRefused, match=r"localhost:\d+ \(127.0.0.1\) says: unknown command"),
        translated(url),
    ):
        client.execute_command("NONSENSE")
