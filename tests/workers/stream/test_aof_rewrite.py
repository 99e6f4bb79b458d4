import logging
import time

import pytest
from redis import Redis

from app.stores.redis.aof_rewrite import FIELDS, Noted
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM, send_clicks
from tests.support.traces import contents
from tests.support.worker_processes import wait_until
from workers.stream.admin import StreamAdmin
from workers.stream.aof_rewrite import LOOK_SECONDS, Rewriting
from workers.stream.names import Names

GROUP = "analytics-group"
NAMES = Names(STREAM, GROUP, "me", "clicks:dead", 1000)


@pytest.fixture
def server(any_redis_server):
    return any_redis_server()


@pytest.fixture
def redis(server):
    with Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def look(server, metrics):
    """Look, a minute after the look before."""
    now = [0.0]
    connection = RedisConnection(connect(server.url, timeout_seconds=30), server.url, 30)
    admin = StreamAdmin(connection, NAMES, metrics)
    rewriting = Rewriting(connection, admin, NAMES, lambda: now[0], lambda: time.time_ns() // 10**6)

    def look_a_minute_later(seconds=LOOK_SECONDS):
        rewriting.look_if_due()
        now[0] += seconds

    return look_a_minute_later


def noted(redis):
    return Noted.of(redis.hmget(NAMES.aof_rewrite, FIELDS))


def files(server):
    return b"".join(map(contents, server.directory.rglob("*.aof")))


def test_what_was_deleted_is_gone_from_the_file_and_that_is_noted_once(server, redis, look):
    (click,) = send_clicks(server.url, 1)
    redis.xtrim(STREAM, maxlen=0, approximate=False)
    redis.set("visitors:salt:2026-05-10", "a secret of old")
    redis.delete("visitors:salt:2026-05-10")
    wait_until(lambda: click.ip.encode() in files(server) and b"a secret" in files(server))
    look()
    asked = noted(redis)
    assert (asked.asked_ms > 0, asked.done_ms) == (True, 0)
    wait_until(lambda: not redis.info("persistence")["aof_rewrite_in_progress"])
    look()
    assert noted(redis).done_ms == asked.asked_ms
    wait_until(lambda: click.ip.encode() not in files(server))
    assert b"a secret" not in files(server)
    look()
    look()
    assert noted(redis).asked_ms == asked.asked_ms


def test_a_server_that_does_not_let_us_is_asked_again_in_an_hour(server, redis, look, caplog):
    redis.execute_command("ACL", "SETUSER", "default", "-bgrewriteaof")
    with caplog.at_level(logging.ERROR):
        look()
        look()
    assert len(caplog.records) == 1
    assert noted(redis) == Noted()
    redis.execute_command("ACL", "SETUSER", "default", "+bgrewriteaof")
    look(3600)
    look()
    assert noted(redis).asked_ms


def test_a_full_redis_is_rewritten_too(redis, look):
    redis.config_set("maxmemory", 1)
    look()
    assert noted(redis).asked_ms
