"""Fail-overs in which the old master lives on, with all of a worker's parts on real servers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import gevent
import pytest
from gevent.server import StreamServer
from redis import Redis, ResponseError

from app.clicks.click import to_fields
from app.links.link import encode
from app.redirect.links.answers import LookupUnavailable
from app.redirect.redis.resp import encode_command
from app.redirect.service import RedirectService
from app.redirect.well_known import readiness
from app.stores.keys import link_key
from tests.support.producers import STREAM, make_click
from tests.support.redirect.fakes import link
from tests.support.redirect.waiting import wait_until
from tests.support.servers import RedisServer

NAME = "redis.example"
OLD, NEW = "https://old.example/", "https://new.example/"


class Names:
    """A resolver that knows one more name, which may move; everything else asks the real one."""

    def __init__(self, resolver: Any, *addresses: str) -> None:
        self._resolver = resolver
        self.addresses = list(addresses)

    def getaddrinfo(self, host: Any, *more: Any) -> list[Any]:
        if host not in (NAME, NAME.encode()):
            found: list[Any] = self._resolver.getaddrinfo(host, *more)
            return found
        return [one for ip in self.addresses for one in self._resolver.getaddrinfo(ip, *more)]

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._resolver, attribute)


class Pair:
    """Two servers at one port of two addresses; the second follows the first."""

    def __init__(self, start: Callable[[], RedisServer]) -> None:
        self.port = start().port
        while not self._has_moved(start()):
            continue
        self.first = Redis(host="127.0.0.1", port=self.port)
        self.second = Redis(host="127.0.0.2", port=self.port)
        self.follow(self.second, "127.0.0.1")

    def _has_moved(self, server: RedisServer) -> bool:
        """Move a server to our port at the second address, unless a port is taken there."""
        try:
            with Redis(port=server.port) as moving:
                moving.config_set("bind", "127.0.0.2")
            with Redis(host="127.0.0.2", port=server.port) as moving:
                moving.config_set("port", self.port)
        except ResponseError:
            return False
        return True

    def follow(self, replica: Redis, master: str) -> None:
        replica.replicaof(master, self.port)
        wait_until(lambda: replica.info("replication").get("master_link_status") == "up")

    def close(self) -> None:
        self.first.close()
        self.second.close()


@pytest.fixture
def pair(any_redis_server: Callable[[], RedisServer]) -> Iterator[Pair]:
    made = Pair(any_redis_server)
    yield made
    made.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    hub = gevent.get_hub()
    known = Names(hub.resolver, "127.0.0.1")
    monkeypatch.setattr(hub, "resolver", known)
    return known


@pytest.fixture
def serving(make_settings, names):
    """A function that runs a worker's parts over a Redis at a port of our name."""

    @contextmanager
    def run(port: int) -> Iterator[RedirectService]:
        url, patient = f"redis://{NAME}:{port}/0", {"lookup_budget_ms": 5000, "resend_seconds": 60}
        service = RedirectService(make_settings(redis_url=url, **patient))
        service.start()
        try:
            wait_until(lambda: service.redis.lookup.is_watching)
            yield service
        finally:
            service.close()

    return run


def lead(service: RedirectService) -> str | None:
    """Return where a visitor is sent at this moment; "" while Redis can't be asked."""
    try:
        found = service.redis.lookup.get("abc")
    except LookupUnavailable:
        return ""
    return getattr(found, "target", None)


def put(server: Redis, target: str) -> None:
    server.set(link_key("abc"), encode(link(target=target)))


def demote_and_detach(pair: Pair) -> None:
    """Leave the old master as a replica of which nobody hears that it follows no more."""
    pair.second.replicaof("NO", "ONE")
    pair.follow(pair.first, "127.0.0.2")
    commands = ["+@all", "-psync", "-sync"]
    pair.second.acl_setuser("default", enabled=True, nopass=True, commands=commands)
    pair.second.client_kill_filter(_type="replica")
    wait_until(lambda: pair.first.info("replication")["master_link_status"] == "down")


def promote(pair: Pair) -> None:
    """Make a second master, of which the first is not told."""
    pair.second.replicaof("NO", "ONE")


@pytest.mark.parametrize("fail_over", [demote_and_detach, promote])
def test_links_changed_after_it_are_seen(pair, names, serving, fail_over):
    put(pair.first, OLD)
    with serving(pair.port) as service:
        assert lead(service) == OLD
        names.addresses = ["127.0.0.2"]
        fail_over(pair)
        put(pair.second, NEW)
        wait_until(lambda: lead(service) == NEW)
        wait_until(lambda: service.redis.lookup.is_watching)
        put(pair.second, OLD)
        wait_until(lambda: lead(service) == OLD)


class Visits:
    """Clicks that come one by one, each confirmed or in the spool before the next."""

    def __init__(self, service: RedirectService) -> None:
        self._service = service
        self.click_ids: list[bytes] = []

    def come(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            fields = to_fields(make_click())
            flat = [text.encode() for field in fields.items() for text in field]
            command = encode_command(b"XADD", STREAM.encode(), b"*", *flat)
            self._service.clicks.recorder.record_and_wait(command)
            self.click_ids.append(fields["click_id"].encode())
            gevent.sleep(0.02)

    def lost(self, server: Redis) -> int:
        stored = {fields[b"click_id"] for _, fields in server.xrange(STREAM)}
        return len(set(self.click_ids) - stored)


def test_clicks_go_where_the_name_leads_though_the_old_master_takes_them(pair, names, serving):
    with serving(pair.port) as service:
        visits = Visits(service)
        visits.come(0.5)
        promote(pair)
        names.addresses = ["127.0.0.2"]
        visits.come(6)
        wait_until(lambda: visits.lost(pair.second) == 0)


@pytest.mark.parametrize("is_quiet", [False, True])
def test_a_master_without_its_replica_takes_nothing_that_would_be_lost(
    pair, names, serving, is_quiet
):
    pair.first.config_set("min-replicas-to-write", 1)
    pair.first.config_set("min-replicas-max-lag", 2)
    wait_until(lambda: pair.first.info("replication")["min_slaves_good_slaves"] == 1)
    with serving(pair.port) as service:
        visits = Visits(service)
        visits.come(0.5)
        # Cut off, but not yet out of its master's mind: what is confirmed now is there alone.
        pair.second.replicaof("NO", "ONE")
        pair.second.xtrim(STREAM, maxlen=0, approximate=False)
        gevent.sleep(8) if is_quiet else visits.come(8)
        assert pair.first.info("errorstats")["errorstat_NOREPLICAS"]["count"] > 0
        names.addresses = ["127.0.0.2"]
        visits.come(0.5)
        wait_until(lambda: visits.lost(pair.second) == 0)


def test_a_name_of_many_addresses_is_not_followed_while_ours_is_among_them(pair, names, serving):
    promote(pair)
    with serving(pair.port) as service:
        connection = service.redis.pipeline.connection
        names.addresses = ["127.0.0.2", "127.0.0.1"]
        gevent.sleep(4)
        assert service.redis.pipeline.connection is connection
        assert not service.redis.failover_monitor.is_astray


def test_a_name_that_leads_to_no_master_is_said(pair, names, serving):
    with serving(pair.port) as service:
        connection = service.redis.pipeline.connection
        names.addresses = ["127.0.0.2"]
        wait_until(lambda: service.redis.failover_monitor.is_astray)
        assert service.redis.pipeline.connection is connection
        assert service.registry.get_sample_value("hopline_redis_astray") == 1


def test_what_a_replica_says_of_links_is_not_relied_on(pair, names, serving):
    put(pair.first, OLD)
    with serving(pair.port) as service:
        assert lead(service) == OLD
        pair.second.replicaof("NO", "ONE")
        pair.follow(pair.first, "127.0.0.2")
        wait_until(lambda: not service.redis.lookup.is_watching)
        gevent.sleep(1)
        assert not service.redis.lookup.is_watching
        ready = readiness(
            service.redis.state(1.0), service.redis.lookup, service.clicks.spool, "one"
        )
        assert b'"link_changes":"not heard"' in ready.response().body
        assert lead(service) == OLD


def test_a_proxy_that_leads_elsewhere_is_followed_through_it(pair, names, serving):
    put(pair.first, OLD)
    promote(pair)
    upstreams = ["127.0.0.1"]

    def serve(client, _address):
        server = gevent.socket.create_connection((upstreams[-1], pair.port))
        passing = [gevent.spawn(pass_on, *ends) for ends in ((client, server), (server, client))]
        gevent.joinall(passing, count=1)
        client.close()
        server.close()

    proxy = StreamServer(("127.0.0.1", 0), serve)
    proxy.start()
    with serving(proxy.server_port) as service:
        assert lead(service) == OLD
        upstreams.append("127.0.0.2")
        put(pair.second, NEW)
        wait_until(lambda: lead(service) == NEW)
        wait_until(lambda: service.redis.lookup.is_watching)
    proxy.stop()


def pass_on(source: gevent.socket.socket, target: gevent.socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)


def state_of(service: RedirectService) -> str:
    return service.redis.state(0.5).fault


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"min-replicas-to-write": "9"}, "NOREPLICAS"), ({"maxmemory": "1"}, "OOM")],
)
def test_a_redis_that_answers_and_takes_no_click_is_not_well(pair, serving, settings, words):
    with serving(pair.port) as service:
        assert state_of(service) == ""
        before = {name: pair.first.config_get(name)[name] for name in settings}
        for name, value in settings.items():
            pair.first.config_set(name, value)
        assert words in state_of(service)
        for name, value in before.items():
            pair.first.config_set(name, value)
        assert state_of(service) == ""
        assert pair.first.xlen("clicks:stream") == 0


def test_a_right_that_is_lost_and_a_pause_are_not_well(pair, serving):
    with serving(pair.port) as service:
        pair.first.acl_setuser("default", enabled=True, nopass=True, commands=["-xadd"])
        assert "refuses: NOPERM" in state_of(service)
        pair.first.acl_setuser("default", enabled=True, nopass=True, commands=["+xadd", "-get"])
        assert "refuses: NOPERM" in state_of(service)
        pair.first.acl_setuser("default", enabled=True, nopass=True, commands=["+get"])
        pair.first.execute_command("CLIENT", "PAUSE", 1_500, "WRITE")
        assert state_of(service) == "away"
