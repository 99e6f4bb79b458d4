import signal
import socket
import threading

import pytest
from redis import Redis

from app.stores.redis.agreement import OneServer
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from app.stores.redis.errors import RedisUnavailable
from tests.support.producers import STREAM, send_clicks
from tests.support.tcp_proxy import TcpProxy
from tests.support.worker_processes import Workers, wait_until
from workers.stream.failover import FailoverMonitor

BLOCKING = ("XREAD", "BLOCK", 30_000, "STREAMS", STREAM, "$")


@pytest.fixture
def servers(any_redis_server):
    return any_redis_server(), any_redis_server()


@pytest.fixture
def proxy(servers):
    with TcpProxy(servers[0].port) as started:
        yield started


def connections(url: str) -> tuple[RedisConnection, RedisConnection, OneServer]:
    server = OneServer(url)
    client = connect(url, timeout_seconds=2, block_ms=30_000)
    return RedisConnection(client, url, 2, server), RedisConnection(client, url, 2, server), server


def test_two_connections_work_on_one_server_or_not_at_all(servers, proxy):
    reads, acks, _ = connections(proxy.redis_url)
    reads.call("SET", "from", "reads")
    proxy.lead_to(servers[1].port)
    with pytest.raises(RedisUnavailable, match="another server"):
        acks.call("SET", "from", "acks")
    with pytest.raises(RedisUnavailable, match="another server"):
        reads.call("SET", "from", "reads")
    acks.call("SET", "from", "acks")
    assert reads.call("GET", "from") == b"acks"


def test_a_blocked_read_ends_when_the_address_leads_to_another_master(servers, proxy):
    reads, acks, server = connections(proxy.redis_url)
    acks.call("PING")
    failover = FailoverMonitor(proxy.redis_url, server, 2)
    with failover.running():
        moving = threading.Timer(0.5, proxy.lead_to, [servers[1].port])
        reads.send(*BLOCKING)
        moving.start()
        with pytest.raises(RedisUnavailable, match="leads to another server now"):
            reads.receive(30_000, lambda: False)
    with pytest.raises(RedisUnavailable):
        acks.call("PING")
    acks.call("SET", "a", "b")
    with Redis(port=servers[1].port) as second:
        assert second.get("a") == b"b"


def test_a_resolver_that_hangs_holds_nothing_up(servers, proxy):
    asked, over, answered = (threading.Event() for _ in range(3))

    def hanging(*_: object) -> list[object]:
        asked.set()
        over.wait()
        answered.set()
        raise socket.gaierror("late")

    reads, _, server = connections(proxy.redis_url)
    failover = FailoverMonitor(proxy.redis_url, server, 2, hanging)
    try:
        with failover.running():
            reads.call("PING")
            assert asked.wait(60)
            for _ in range(20):
                reads.call("PING")
        assert not answered.is_set()
    finally:
        over.set()


def test_consumers_follow_though_the_old_master_lives(
    servers, proxy, make_settings, clicks_url, count_clicks, tmp_path
):
    settings = make_settings(
        redis_url=proxy.redis_url,
        clickhouse_url=clicks_url,
        consumers=1,
        insert_seconds=0.2,
        block_ms=5000,
    )
    with Workers(settings, tmp_path / "workers.log"):
        send_clicks(servers[0].url, 10)
        wait_until(lambda: count_clicks()[0] == 10)
        proxy.lead_to(servers[1].port)
        send_clicks(servers[1].url, 10)
        wait_until(lambda: count_clicks()[0] == 20)


def test_a_name_that_moved_to_no_master_is_said_once(servers, proxy, caplog):
    reads, _, server = connections(proxy.redis_url)
    reads.call("PING")
    with Redis(port=servers[1].port) as replica:
        replica.replicaof("127.0.0.1", servers[0].port)
    proxy.lead_to(servers[1].port)
    elsewhere = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.9", 1))]
    failover = FailoverMonitor(proxy.redis_url, server, 2, lambda *_: elsewhere)
    failover.look()
    failover.look()
    assert caplog.text.count("to no other master") == 1
    assert server.reached is not None


def test_a_blocked_read_ends_when_sentinels_name_another_master(watched):
    reads, acks, server = connections(watched.url)
    acks.call("PING")
    failover = FailoverMonitor(watched.url, server, 2)
    with failover.running():
        reads.send(*BLOCKING)
        old = watched.master()
        # It is cut off and hears of nothing: its clients are not told.
        old.signal(signal.SIGSTOP)
        new = watched.wait_for_another(old)
        with pytest.raises(RedisUnavailable, match="leads to another server now"):
            reads.receive(30_000, lambda: False)
    with pytest.raises(RedisUnavailable):
        acks.call("PING")
    acks.call("SET", "a", "b")
    with Redis(port=new.port) as second:
        assert second.get("a") == b"b"
