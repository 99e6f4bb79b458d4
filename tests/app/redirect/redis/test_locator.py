"""A redirect worker's parts over real Sentinels, whose master fails."""

import signal
from contextlib import closing, contextmanager

import gevent
import pytest
from redis import Redis

from app.clicks.click import to_fields
from app.links.link import encode
from app.redirect.links.answers import LookupUnavailable
from app.redirect.redis.connection import ConnectFailed
from app.redirect.redis.locator import Locator
from app.redirect.redis.resp import encode_command
from app.redirect.service import RedirectService
from app.stores.keys import link_key
from app.stores.redis.address import parse_url
from tests.support.producers import STREAM, make_click
from tests.support.redirect.fakes import link
from tests.support.redirect.waiting import wait_until
from tests.support.sentinels import MASTER

OLD, NEW = "https://old.example/", "https://new.example/"


@pytest.fixture
def serving(make_settings, watched):
    """A function that runs a worker's parts over the master that the Sentinels name."""

    @contextmanager
    def run():
        service = RedirectService(make_settings(redis_url=watched.url, lookup_budget_ms=5000))
        service.start()
        try:
            wait_until(lambda: service.redis.lookup.is_watching)
            yield service
        finally:
            service.close()

    return run


def put(server, target):
    with Redis(port=server.port) as client:
        client.set(link_key("abc"), encode(link(target=target)))


def lead(service):
    """Return where a visitor is sent at this moment; "" while Redis can't be asked."""
    try:
        found = service.redis.lookup.get("abc")
    except LookupUnavailable:
        return ""
    return getattr(found, "target", None)


def record(service):
    flat = [text.encode() for field in to_fields(make_click()).items() for text in field]
    command = encode_command(b"XADD", STREAM.encode(), b"*", *flat)
    service.clicks.recorder.record_and_wait(command)


def kill(watched):
    watched.master().kill()


def freeze(watched):
    watched.master().signal(signal.SIGSTOP)


def switch(watched):
    watched.fail_over()


@pytest.mark.parametrize("fail", [kill, freeze, switch])
def test_links_and_clicks_follow_the_master(watched, serving, fail):
    old = watched.master()
    put(old, OLD)
    with serving() as service:
        assert lead(service) == OLD
        fail(watched)
        new = watched.wait_for_another(old)
        if fail is freeze:
            old.signal(signal.SIGCONT)
        wait_until(
            lambda: getattr(service.redis.pipeline.connection, "peer", ("", 0))[1] == new.port
        )
        wait_until(lambda: service.redis.lookup.is_watching)
        put(new, NEW)
        wait_until(lambda: lead(service) == NEW)
        record(service)
        with Redis(port=new.port) as client:
            assert client.xlen(STREAM) >= 1


def test_nobody_waits_for_sentinels_that_are_away(watched, serving):
    put(watched.master(), OLD)
    with serving() as service:
        for sentinel in watched.sentinels:
            sentinel.signal(signal.SIGSTOP)
        gevent.sleep(1)
        put(watched.stores[0], NEW)
        wait_until(lambda: lead(service) == NEW)
        assert service.redis.pipeline.connected.is_set()


def test_a_master_that_comes_back_without_its_sentinels_is_used_again(watched, serving):
    put(watched.master(), OLD)
    with serving() as service:
        for sentinel in watched.sentinels:
            sentinel.kill()
        watched.stores[0].restart()
        wait_until(lambda: service.redis.lookup.is_watching and lead(service) == OLD)


def test_what_the_sentinels_say_is_told_when_they_name_nobody(watched):
    watched.sentinels[2].kill()
    url = watched.url.replace(MASTER, "other")
    locator = Locator(parse_url(url))
    with closing(locator), pytest.raises(ConnectFailed) as failed:
        locator()
    assert str(failed.value).startswith(
        "Redis at other can't be found: 0 of 3 Sentinels name a master, 2 have to: 127.0.0.1:"
    )
    assert "knows no master other; " in str(failed.value)
    assert "can't be asked: Redis at 127.0.0.1:" in str(failed.value)
