import threading
import time

import pytest
from redis import Redis

from app.redis import RedisRefused, RedisUnavailable, connect
from tests.producers import STREAM
from workers.wire import Wire

BLOCKING = ("XREAD", "BLOCK", 30_000, "STREAMS", STREAM, "$")


def wire(url: str, reply_seconds: float = 2.0, block_ms: int = 30_000) -> Wire:
    client = connect(url, timeout_seconds=reply_seconds, block_ms=block_ms)
    return Wire(client, url, reply_seconds)


def test_a_reply_is_what_redis_said(redis_url):
    line = wire(redis_url)
    assert line.call("SET", "a", b"\xff") == b"OK"
    assert line.call("GET", "a") == b"\xff"
    assert line.call("STRLEN", "a") == 1


def test_a_blocking_call_ends_when_told_to(redis_url):
    asked = iter([False, True])
    line = wire(redis_url)
    assert line.call_blocking(30_000, lambda: next(asked), *BLOCKING) is None
    assert line.call("PING") == b"PONG"


def test_a_blocking_call_returns_what_comes(redis_url, redis):
    sending = threading.Timer(0.3, lambda: redis.xadd(STREAM, {"a": "b"}))
    sending.start()
    reply = wire(redis_url).call_blocking(30_000, lambda: False, *BLOCKING)
    sending.join()
    assert [flat for _, flat in reply[STREAM.encode()]] == [[b"a", b"b"]]


def test_a_missing_group_can_be_mended(redis_url):
    with pytest.raises(RedisUnavailable, match="NOGROUP"):
        wire(redis_url).call("XREADGROUP", "GROUP", "g", "c", "STREAMS", STREAM, ">")
    with pytest.raises(RedisUnavailable, match="no such key"):
        wire(redis_url).call("XINFO", "CONSUMERS", STREAM, "g")


def test_a_stream_deleted_under_a_blocked_read_can_be_mended(redis_url, redis):
    redis.xgroup_create(STREAM, "g", mkstream=True)
    deleting = threading.Timer(0.3, lambda: redis.delete(STREAM))
    deleting.start()
    command = ("XREADGROUP", "GROUP", "g", "c", "BLOCK", 30_000, "STREAMS", STREAM, ">")
    with pytest.raises(RedisUnavailable, match=r"NOGROUP|UNBLOCKED"):
        wire(redis_url).call_blocking(30_000, lambda: False, *command)
    deleting.join()


def test_a_wrong_command_is_refused(redis_url):
    with pytest.raises(RedisRefused, match="unknown command"):
        wire(redis_url).call("NONSENSE")


def test_a_killed_server_is_away_until_it_is_back(valkey_server):
    server = valkey_server()
    line = wire(server.url)
    line.call("PING")
    server.kill()
    for _ in range(2):
        with pytest.raises(RedisUnavailable):
            line.call("PING")
    server.start()
    assert line.call("PING") == b"PONG"


def test_a_server_that_hangs_is_given_up(redis_url, redis):
    line = wire(redis_url, reply_seconds=0.3, block_ms=10_000)
    redis.client_pause(1500)
    started = time.monotonic()
    with pytest.raises(RedisUnavailable, match="no reply"):
        line.call_blocking(100, lambda: False, *BLOCKING)
    assert time.monotonic() - started < 10
    Redis.from_url(redis_url).client_unpause()
