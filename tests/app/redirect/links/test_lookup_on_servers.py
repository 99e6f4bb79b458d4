import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from app.links.link import encode
from app.metrics.redirect import RedirectMetrics
from app.redirect.links import tracking
from app.redirect.links.answers import UNKNOWN, LookupUnavailable
from app.redirect.links.lookup import Lookup
from app.redirect.links.tracking import Tracking
from app.stores.keys import link_key
from app.stores.redis.address import parse_url
from tests.support.redirect.fakes import link
from tests.support.redirect.faults import failing_once
from tests.support.redirect.pipelines import make_pipeline, task_failures
from tests.support.redirect.waiting import wait_until


@contextmanager
def looking_up(url: str, settings, timeout_seconds: float = 30.0) -> Iterator[Lookup]:
    pipeline = make_pipeline(lambda: parse_url(url), timeout_seconds=timeout_seconds)
    lookup = Lookup(pipeline, settings, RedirectMetrics(CollectorRegistry()))
    hearing = Tracking(
        pipeline,
        lookup,
        name="track",
        timeout_seconds=timeout_seconds,
        task_failures=task_failures(),
    )
    pipeline.start()
    hearing.start()
    wait_until(lambda: pipeline.connected.is_set() and lookup.is_watching)
    try:
        yield lookup
    finally:
        hearing.close()
        pipeline.close(0)


def test_changes_made_elsewhere_are_seen(any_redis_server, make_settings):
    server = any_redis_server()
    patient = make_settings(lookup_budget_ms=30_000)
    with Redis(port=server.port) as client, looking_up(server.url, patient) as lookup:
        assert lookup.get("abc") is UNKNOWN
        for target in ("https://one.example/", "https://two.example/"):
            client.set(link_key("abc"), encode(link(target=target)))
            wait_until(lambda: lookup.cached("abc") is None)
            assert lookup.get("abc") == link(target=target)
            assert lookup.cached("abc") == link(target=target)
        client.delete(link_key("abc"))
        wait_until(lambda: lookup.cached("abc") is None)
        assert lookup.get("abc") is UNKNOWN
        client.set(link_key("abc"), encode(link()))
        wait_until(lambda: lookup.cached("abc") is None)
        assert lookup.get("abc") == link()
        client.flushall()
        wait_until(lambda: lookup.cached("abc") is None)
        assert lookup.get("abc") is UNKNOWN


def test_changes_are_heard_in_under_a_tenth_of_a_second(valkey_server, make_settings):
    server = valkey_server()
    patient = make_settings(lookup_budget_ms=30_000)
    with Redis(port=server.port) as client, looking_up(server.url, patient) as lookup:
        took_seconds = []
        for number in range(15):
            lookup.get("abc")
            client.set(link_key("abc"), encode(link(target=f"https://{number}.example/")))
            changed_at = time.monotonic()
            wait_until(lambda: lookup.cached("abc") is None)
            took_seconds.append(time.monotonic() - changed_at)
    # Of a busy machine's pauses the shortest knows nothing.
    assert min(took_seconds) < 0.1


def test_changes_are_heard_though_the_tracking_had_a_fault(
    valkey_server, make_settings, monkeypatch
):
    server = valkey_server()
    monkeypatch.setattr(tracking, "connect", failing_once(tracking.connect))
    with Redis(port=server.port) as client, looking_up(server.url, make_settings()) as lookup:
        assert lookup.get("abc") is UNKNOWN
        client.set(link_key("abc"), encode(link()))
        wait_until(lambda: lookup.cached("abc") is None)


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


def test_a_server_that_stands_still_for_a_moment_is_waited_for(valkey_server, make_settings):
    server, patient = valkey_server(), make_settings(lookup_timeout_ms=60_000)
    with Redis(port=server.port) as client, looking_up(server.url, patient) as lookup:
        client.set(link_key("abc"), encode(link()))
        server.signal(signal.SIGSTOP)
        visitors = [gevent.spawn(lookup.get, "abc") for _ in range(3)]
        gevent.sleep(0.2)
        server.signal(signal.SIGCONT)
        assert [visitor.get(timeout=60) for visitor in visitors] == [link()] * 3


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
