import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from app.keys import link_key
from app.links import encode
from app.redirect.lookup import UNKNOWN, Lookup, LookupUnavailable
from app.redirect.pipeline import Pipeline
from app.redirect.tracking import Tracking
from app.redirect_metrics import RedirectMetrics
from app.redis import parse_url
from tests.app.redirect.fakes import link
from tests.app.redirect.waiting import wait_until


@contextmanager
def looking_up(url: str, settings, timeout_seconds: float = 1.0) -> Iterator[Lookup]:
    pipeline = Pipeline(lambda: parse_url(url), name="test", timeout_seconds=timeout_seconds)
    lookup = Lookup(pipeline, settings, RedirectMetrics(CollectorRegistry()))
    tracking = Tracking(
        lambda: parse_url(url), lookup, name="track", timeout_seconds=timeout_seconds
    )
    pipeline.start()
    tracking.start()
    wait_until(lambda: pipeline.connected.is_set() and lookup.is_watching)
    try:
        yield lookup
    finally:
        tracking.close()
        pipeline.close(0)


def test_changes_made_elsewhere_are_seen_at_once(any_redis_server, make_settings):
    server = any_redis_server()
    with Redis(port=server.port) as client, looking_up(server.url, make_settings()) as lookup:
        assert lookup.get("abc") is UNKNOWN
        for target in ("https://one.example/", "https://two.example/"):
            client.set(link_key("abc"), encode(link(target=target)))
            wait_until(lambda: lookup.cached("abc") is None, 0.1)
            assert lookup.get("abc") == link(target=target)
            assert lookup.cached("abc") == link(target=target)
        client.delete(link_key("abc"))
        wait_until(lambda: lookup.cached("abc") is None, 0.1)
        assert lookup.get("abc") is UNKNOWN
        client.set(link_key("abc"), encode(link()))
        wait_until(lambda: lookup.cached("abc") is None, 0.1)
        assert lookup.get("abc") == link()
        client.flushall()
        wait_until(lambda: lookup.cached("abc") is None, 0.1)
        assert lookup.get("abc") is UNKNOWN


def test_a_change_missed_while_the_connection_was_lost_is_seen(valkey_server, make_settings):
    server = valkey_server()
    with Redis(port=server.port) as client, looking_up(server.url, make_settings()) as lookup:
        client.set(link_key("abc"), encode(link()))
        assert lookup.get("abc") == link()
        (lost,) = [each for each in client.client_list() if each["name"] == "track"]
        client.client_kill_filter(_id=lost["id"])
        client.set(link_key("abc"), encode(link(target="https://new.example/")))
        wait_until(lambda: not lookup.is_watching)
        assert lookup.get("abc").target == "https://new.example/"
        wait_until(lambda: lookup.is_watching)
        assert lookup.get("abc").target == "https://new.example/"


def test_links_last_seen_outlive_a_killed_and_a_frozen_server(valkey_server, make_settings):
    server = valkey_server()
    with Redis(port=server.port) as client:
        client.set(link_key("abc"), encode(link()))
    with looking_up(server.url, make_settings(), timeout_seconds=0.2) as lookup:
        assert lookup.get("abc") == link()
        server.signal(signal.SIGSTOP)
        wait_until(lambda: not lookup.is_watching)
        assert lookup.get("abc") == link()
        with pytest.raises(LookupUnavailable):
            lookup.get("other")
        server.signal(signal.SIGCONT)
        wait_until(lambda: lookup.is_watching)
        server.kill()
        wait_until(lambda: not lookup.is_watching)
        assert lookup.get("abc") == link()
