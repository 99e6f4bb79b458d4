import signal
import socket
import threading
import time
from collections.abc import Callable

import pytest
import redis
from redis._parsers.base import BaseParser

from app.stores.redis import (
    Address,
    RedisRefused,
    RedisUnavailable,
    connect,
    despite_full,
    is_transient,
    parse_url,
    require_version,
    translated,
)

URL = "redis://user:geheim@db.example:7000/2"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://", Address()),
        ("redis://h", Address("h")),
        ("redis://h:7000/3", Address("h", 7000, database=3)),
        ("redis://h:7000/?db=4", Address("h", 7000, database=4)),
        ("redis://[::1]:7000", Address("::1", 7000)),
        ("redis://me:s%40cret%2F@h", Address("h", username="me", password="s@cret/")),
        ("redis://:secret@h/0", Address("h", password="secret")),
        ("rediss://h", Address("h", tls=True)),
        ("rediss://h?ssl_ca_certs=/etc/ca.pem", Address("h", tls=True, ca_file="/etc/ca.pem")),
        ("unix:///run/redis.sock", Address(path="/run/redis.sock")),
        ("unix:///run/my%20redis.sock?db=2", Address(path="/run/my redis.sock", database=2)),
        ("unix://me:pw@/run/x", Address(path="/run/x", username="me", password="pw")),
    ],
)
def test_a_url_names_an_address(url: str, address: Address) -> None:
    assert parse_url(url) == address


@pytest.mark.parametrize("url", ["redis://h:port", "redis://h:99999", "redis://h/first"])
def test_a_url_without_a_sound_port_or_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whose words these are doesn't matter
        parse_url(url)


def test_an_address_reads_without_its_password() -> None:
    assert str(parse_url(URL)) == "db.example:7000"
    assert str(parse_url("unix://u:geheim@/run/redis.sock")) == "/run/redis.sock"


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (redis.ConnectionError("Connection refused"), RedisUnavailable),
        (redis.TimeoutError("Timeout reading from socket"), RedisUnavailable),
        (redis.exceptions.BusyLoadingError("loading"), RedisUnavailable),
        (redis.exceptions.ReadOnlyError("read only"), RedisUnavailable),
        (redis.exceptions.AuthenticationError("invalid password"), RedisRefused),
        (redis.exceptions.AuthorizationError("no rights"), RedisRefused),
        (redis.exceptions.NoPermissionError("this user has no permissions"), RedisRefused),
        (redis.exceptions.OutOfMemoryError("OOM command not allowed"), RedisUnavailable),
        (redis.ResponseError("LOADING Redis is loading"), RedisUnavailable),
        (redis.ResponseError("MISCONF Errors writing to the AOF"), RedisUnavailable),
        (redis.ResponseError("CLUSTERDOWN down"), RedisUnavailable),
        (redis.ResponseError("MASTERDOWN down"), RedisUnavailable),
        (redis.ResponseError("NOREPLICAS few"), RedisUnavailable),
        (redis.ResponseError("BUSY script"), RedisUnavailable),
        (BaseParser.parse_error("MASTERDOWN Link with MASTER is down"), RedisUnavailable),
        (BaseParser.parse_error("CLUSTERDOWN Hash slot not served"), RedisUnavailable),
        (BaseParser.parse_error("TRYAGAIN Multiple keys request"), RedisUnavailable),
        (BaseParser.parse_error("MOVED 3999 127.0.0.1:6381"), RedisRefused),
        (BaseParser.parse_error("CROSSSLOT Keys in request"), RedisRefused),
        (redis.ResponseError("NOGROUP No such key"), RedisRefused),
        (redis.ResponseError("WRONGTYPE Operation"), RedisRefused),
        (redis.ResponseError("ERR unknown command"), RedisRefused),
        (redis.exceptions.NoScriptError("No matching script"), RedisRefused),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)
def test_what_redis_raises_becomes_ours(error: Exception, ours: type[Exception]) -> None:
    with pytest.raises(ours) as raised, translated(URL):
        raise error
    assert raised.value.__cause__ is error
    assert "Redis at db.example:7000" in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_other_exceptions_pass_as_they_are() -> None:
    with pytest.raises(KeyError), translated(URL):
        raise KeyError("ours")


@pytest.mark.parametrize(
    ("reply", "transient"),
    [
        ("OOM command not allowed when used memory > 'maxmemory'.", True),
        ("command not allowed when used memory > 'maxmemory'.", True),
        ("READONLY You can't write against a read only replica.", True),
        ("UNBLOCKED the stream key no longer exists", True),
        ("LOADINGX", False),
        ("ERR syntax error", False),
        ("", False),
    ],
)
def test_states_that_pass_are_told_from_refusals(reply: str, transient: bool) -> None:
    assert is_transient(reply) is transient


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
    assert require_version(Told(**info)) == name  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["6.2.16", "5.0.3", "6.999.999", "4.0.0"])
def test_an_old_server_is_refused_by_name_and_version(version: str) -> None:
    with pytest.raises(RedisRefused, match=f"^Redis {version} is too old: Hopline needs Redis 7.0"):
        require_version(Told(redis_version=version))  # type: ignore[arg-type]


def test_a_real_server_of_each_kind_is_new_enough(any_redis_server: Callable[[], object]) -> None:
    url = any_redis_server().url
    with connect(url, timeout_seconds=5) as client:
        assert require_version(client).startswith(("Valkey 9.", "Redis 7.0."))
        assert client.set("key", "value")
        assert client.get("key") == b"value"


def test_a_wrong_password_is_a_refusal(redis_url: str) -> None:
    wrong = redis_url.replace("redis://", "redis://nobody:geheim@")
    with (
        pytest.raises(RedisRefused) as raised,
        translated(wrong),
        connect(wrong, timeout_seconds=5) as client,
    ):
        client.ping()
    assert "geheim" not in str(raised.value)


def test_what_is_no_redis_is_a_refusal() -> None:
    """An HTTP server answers PING too, in words of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        answer = threading.Thread(target=_answer_in_http, args=(server,))
        answer.start()
        with (
            pytest.raises(RedisRefused, match="is no Redis"),
            translated(url),
            connect(url, timeout_seconds=5) as client,
        ):
            client.ping()
        answer.join(10)


def _answer_in_http(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


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
        started = time.monotonic()
        with pytest.raises(RedisUnavailable), translated(server.url):
            client.get("key")
        assert time.monotonic() - started < 5
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
    with pytest.raises(RedisRefused, match="is a Sentinel: HOPLINE_REDIS_URL has to lead to the"):
        require_version(Told(redis_version="7.2.4", redis_mode="sentinel"))  # type: ignore[arg-type]
