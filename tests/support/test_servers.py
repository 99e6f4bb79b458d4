import subprocess
import sys
from pathlib import Path

from redis import Redis

from app.stores.clickhouse.driver import Client

MANY_PORTS = (
    "from tests.support.servers import free_port; print(*(free_port() for _ in range(2000)))"
)


def test_processes_that_run_side_by_side_are_given_different_ports():
    first, second = (
        subprocess.run(
            [sys.executable, "-c", MANY_PORTS],
            cwd=Path(__file__).parents[2],
            env={"PYTEST_XDIST_WORKER": name},
            capture_output=True,
            check=True,
        ).stdout.split()
        for name in ("gw0", "gw1")
    )
    assert len(set(first)) == len(first)
    assert not set(first) & set(second)


def test_valkey_is_empty_for_each_test(redis_url):
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_valkey_is_empty_again(redis_url):
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_dead_valkey_that_was_full_is_back_and_empty_for_the_next_test(valkey_server):
    server = valkey_server()
    with Redis(port=server.port) as client:
        client.set("left", "behind")
        client.config_set("maxmemory", 1)
        server.empty()
        client.set("left", "behind")
    server.kill()
    server.empty()
    with Redis(port=server.port) as client:
        assert client.dbsize() == 0
        client.set("there", "is room")


def test_each_test_has_a_database_of_its_own(clickhouse_url):
    client = Client.from_url(clickhouse_url)
    assert client.execute("SHOW TABLES") == []
    client.disconnect()


def test_a_dead_clickhouse_is_back_for_the_next_test(shared_clickhouse):
    shared_clickhouse.kill()
    shared_clickhouse.ensure_running()
    assert shared_clickhouse.execute("SELECT 1") == [(1,)]


def test_a_killed_valkey_keeps_its_data(any_redis_server):
    server = any_redis_server()
    with Redis(port=server.port) as client:
        client.set("kept", "yes")
    server.kill()
    assert not server.is_running
    server.start()
    with Redis(port=server.port) as client:
        assert client.get("kept") == b"yes"


def test_a_stopped_clickhouse_keeps_its_data(clickhouse_server):
    server = clickhouse_server()
    server.execute("CREATE TABLE kept (a UInt8) ENGINE MergeTree ORDER BY a")
    server.execute("INSERT INTO kept SELECT 7")
    server.restart()
    assert server.execute("SELECT a FROM kept") == [(7,)]
