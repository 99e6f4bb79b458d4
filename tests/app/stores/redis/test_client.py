import signal
from collections.abc import Callable

import pytest
import redis

from app.stores.redis.client import connect, despite_full, require_version
from app.stores.redis.errors import RedisRefused, RedisUnavailable, translated

URL = "redis://h"


class Told:
    """A client whose INFO says what the test wants."""

    def __init__(self, **info: str) -> None:
        self._info = info

    def info(self, section: str) -> dict[str, str]:
        assert section == "server"
        return self._info


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ({"redis_version": "7.0.15"}, "Redis 7.0.15"),
        ({"redis_version": "8.2.1"}, "Redis 8.2.1"),
        ({"redis_version": "10.0.0"}, "Redis 10.0.0"),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, "Valkey 9.1.2"),
    ],
)
def test_a_new_enough_server_is_named(info: dict[str, str], name: str) -> None:
    assert require_version(Told(**info), URL) == name  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["6.2.16", "5.0.3", "6.999.999", "4.0.0"])
def test_an_old_server_is_refused_by_name_and_version(version: str) -> None:
    with pytest.raises(RedisRefused, match=f"^Redis {version} is too old: Hopline needs Redis 7.0"):
        require_version(Told(redis_version=version), URL)  # type: ignore[arg-type]


def test_a_real_server_of_each_kind_is_new_enough(any_redis_server: Callable[[], object]) -> None:
    url = any_redis_server().url
    with connect(url, timeout_seconds=5) as client:
        assert require_version(client, url).startswith(("Valkey 9.", "Redis 7.0."))
        assert client.set("key", "value")
        assert client.get("key") == b"value"


def test_a_server_that_is_away_is_unavailable(free_port: Callable[[], int]) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    with (
        pytest.raises(RedisUnavailable, match="is away"),
        translated(url),
        connect(url, timeout_seconds=5) as client,
    ):
        client.ping()


def test_a_server_that_does_not_answer_is_unavailable_within_the_timeout(
    valkey_server: Callable[[], object],
) -> None:
    server = valkey_server()
    with connect(server.url, timeout_seconds=0.2) as client:
        client.ping()
        server.signal(signal.SIGSTOP)
        with pytest.raises(RedisUnavailable), translated(server.url):
            client.get("key")
        server.signal(signal.SIGCONT)


def test_a_block_is_added_to_the_wait_for_a_reply() -> None:
    client = connect("redis://h", timeout_seconds=2, block_ms=5_000)
    arguments = client.connection_pool.connection_kwargs
    assert arguments["socket_timeout"] == 7.0
    assert arguments["socket_connect_timeout"] == 2


def test_no_command_is_ever_sent_again_by_itself(redis_url: str) -> None:
    """redis-py 8 retries ten times by default, which would double an XADD."""
    tries = []

    def fail() -> None:
        tries.append(1)
        raise redis.ConnectionError

    with connect(redis_url, timeout_seconds=5) as client:
        connection = client.connection_pool.get_connection()
        for retry in (client.get_retry(), connection.retry):
            tries.clear()
            with pytest.raises(redis.ConnectionError):
                retry.call_with_retry(fail, lambda _: None)
            assert len(tries) == 1
        client.connection_pool.release(connection)


def test_a_command_is_carried_out_despite_a_full_memory(any_redis_server: Callable) -> None:
    url = any_redis_server().url
    with connect(url, timeout_seconds=5) as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(RedisUnavailable), translated(url):
            client.set("key", "text")
        assert (
            client.execute_command(*despite_full("key", "SET", "key", b"\xff", "EX", 60)) == b"OK"
        )
        assert (client.get("key"), 0 < client.ttl("key") <= 60) == (b"\xff", True)


def test_a_sentinel_is_told_from_the_master_that_it_watches() -> None:
    with pytest.raises(RedisRefused, match="is a Sentinel: write its URL as"):
        require_version(Told(redis_version="7.2.4", redis_mode="sentinel"), URL)  # type: ignore[arg-type]


def test_a_node_of_a_cluster_behind_a_plain_url_is_told_so() -> None:
    node = Told(redis_version="7.2.4", redis_mode="cluster")
    with pytest.raises(
        RedisRefused, match=r"is a node of a cluster: write its URL as redis\+cluster"
    ):
        require_version(node, URL)  # type: ignore[arg-type]
    assert require_version(node, "redis+cluster://h") == "Redis 7.2.4"  # type: ignore[arg-type]
