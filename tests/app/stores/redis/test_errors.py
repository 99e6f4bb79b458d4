import socket
import threading

import pytest
import redis
from redis._parsers.base import BaseParser

from app.stores.redis.client import connect
from app.stores.redis.errors import RedisRefused, RedisUnavailable, is_transient, translated

URL = "redis://user:geheim@db.example:7000/2"


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
        answer.join(60)


def _answer_in_http(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
