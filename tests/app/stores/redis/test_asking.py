import signal

import pytest
from redis import Redis

from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable, translated
from tests.support.redirect.waiting import wait_until
from tests.support.sentinels import MASTER


def port_of(client: Redis) -> int:
    return int(client.config_get("port")["port"])


def test_a_client_goes_where_the_sentinels_say_and_follows_at_once(watched):
    with connect(watched.url, timeout_seconds=2) as client:
        old = watched.master()
        assert port_of(client) == old.port
        new = watched.fail_over()
        assert new is not old
        wait_until(lambda: port_of(client) == new.port)


def test_a_master_that_froze_is_left_for_the_next(watched):
    with connect(watched.url, timeout_seconds=2) as client:
        client.set("a", "1")
        old = watched.master()
        old.signal(signal.SIGSTOP)
        new = watched.wait_for_another(old)
        wait_until(lambda: port_of(client) == new.port)
        old.signal(signal.SIGCONT)
        client.set("a", "2")
        with Redis(port=new.port) as direct:
            assert direct.get("a") == b"2"


def test_whom_they_name_is_no_master_until_it_is_one(watched):
    """All of them lie: each names a replica."""
    replica = watched.stores[1]
    for sentinel in watched.sentinels:
        with Redis(port=sentinel.port) as client:
            client.sentinel_remove(MASTER)
            client.sentinel_monitor(MASTER, "127.0.0.1", replica.port, 3)
    with (
        connect(watched.url, timeout_seconds=2) as client,
        pytest.raises(RedisUnavailable, match="is a replica: it is named the master, but"),
        translated(watched.url),
    ):
        client.get("a")


def test_a_master_that_they_do_not_know_is_named(watched):
    text = "0 of 3 Sentinels name a master, 2 have to: .* knows no master other"
    url = watched.url.replace(MASTER, "other")
    with (
        connect(url, timeout_seconds=2) as client,
        pytest.raises(RedisUnavailable, match=text),
        translated(url),
    ):
        client.ping()


def test_what_is_no_sentinel_or_away_is_named(watched):
    redis, away, _ = watched.stores
    away.kill()
    url = f"redis+sentinel://127.0.0.1:{redis.port},127.0.0.1:{away.port}/{MASTER}"
    with (
        connect(url, timeout_seconds=2) as client,
        pytest.raises(RedisUnavailable) as unavailable,
        translated(url),
    ):
        client.ping()
    text = str(unavailable.value)
    assert text.startswith(f"Redis at {MASTER} is away: ")
    assert f"127.0.0.1:{redis.port} is no Sentinel but a Redis" in text
    assert f"127.0.0.1:{away.port} can't be asked: [Errno 111] Connection refused" in text
