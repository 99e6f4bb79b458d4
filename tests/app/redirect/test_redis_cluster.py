"""A redirect worker's parts over a real cluster, whose primaries fail and whose slots move."""

import os
import signal
import time
from contextlib import contextmanager

import gevent
import pytest

from app.clicks.click import new_click_id
from app.links.link import encode
from app.redirect.links.answers import LookupUnavailable
from app.redirect.service import RedirectService
from app.redirect.visits.visit import Visit
from app.stores.keys import link_key
from app.stores.redis.cluster import slot_of
from tests.support.cluster import Cluster
from tests.support.redirect.fakes import link
from tests.support.redirect.waiting import wait_until

OLD, NEW = "https://old.example/", "https://new.example/"
#: Of links whose keys are spread over all primaries.
CODES = [f"code{number}" for number in range(12)]
SHARDS = 4


@pytest.fixture(scope="module")
def replicated(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("replicated"), replicas=3) as cluster:
        yield cluster


@pytest.fixture
def whole(replicated):
    """The cluster, empty; what a test has killed or frozen is there again afterwards."""
    replicated.empty()
    yield replicated
    for node in replicated.nodes:
        if node.is_running:
            node.signal(signal.SIGCONT)
        else:
            node.start()
    replicated.wait_until_whole()


@pytest.fixture
def serving(make_settings):
    """A function that runs a worker's parts over a cluster."""

    @contextmanager
    def run(cluster, **settings):
        # What a busy machine does late is not what the tests are about.
        budgets = {"lookup_budget_ms": 5000, "record_budget_ms": 2000}
        given = {"redis_url": cluster.url, "stream_shards": SHARDS, **budgets}
        service = RedirectService(make_settings(**given | settings))
        service.start()
        try:
            wait_until(lambda: service.redis.lookup.is_watching)
            yield service
        finally:
            service.close()

    return run


def put(cluster, code, target):
    key = link_key(code)
    cluster.owner(key).call("SET", key, encode(link(code, target)))


def lead(service, code):
    """Return where a visitor is sent at this moment; "" while it can't be told."""
    try:
        return getattr(service.redis.lookup.get(code), "target", None)
    except LookupUnavailable:
        return ""


def record(service):
    """Record a click and return its id."""
    digits = new_click_id(time.time_ns() // 1_000_000, os.urandom(10)).hex()
    encoder = service.collaborators.encoder
    parts = encoder.link_parts(b"abc", OLD.encode())
    command = encoder.encode(digits.encode(), parts, int(time.time()), Visit(b"", b"", b""))
    service.clicks.recorder.record_and_wait(command)
    return digits


def streams_of(cluster, service):
    """Return each shard's click ids."""
    found = {}
    for route in service.redis.clicks.pipeline.routes:
        entries = cluster.owner(route.stream).call("XRANGE", route.stream, "-", "+")
        found[route.stream] = [
            dict(zip(fields[::2], fields[1::2], strict=True))["click_id"] for _, fields in entries
        ]
    return found


def count(service, name, **labels):
    return service.registry.get_sample_value(f"hopline_{name}", labels)


def test_links_are_read_and_heard_of_at_the_primary_of_their_slot(cluster, serving):
    for code in CODES:
        put(cluster, code, OLD)
    assert len({cluster.owner(link_key(code)) for code in CODES}) == 3
    with serving(cluster) as service:
        assert {lead(service, code) for code in CODES} == {OLD}
        assert lead(service, "nobody") is None
        for code in CODES:
            assert service.redis.lookup.cached(code)
            put(cluster, code, NEW)
        wait_until(lambda: {lead(service, code) for code in CODES} == {NEW})
        assert count(service, "redis_redirections_total", kind="moved") == 0


def test_clicks_go_to_shards_alone(cluster, serving):
    with serving(cluster) as service:
        ids = {record(service) for _ in range(50)}
        found = streams_of(cluster, service)
        assert {one for shard in found.values() for one in shard} == ids
        assert count(service, "clicks_total", outcome="confirmed") == 50
        assert cluster.owner("clicks:stream").call("EXISTS", "clicks:stream") == 0


def test_one_shard_has_a_tag_as_well(cluster, serving):
    with serving(cluster, stream_shards=1) as service:
        record(service)
        assert list(streams_of(cluster, service)) == ["clicks:stream:{u0}"]
        assert cluster.owner("clicks:stream").call("EXISTS", "clicks:stream") == 0


def test_a_limit_is_exact_wherever_it_is_counted(cluster, serving):
    with serving(cluster) as service:
        for code in CODES:
            limited = link(code, click_limit=2)
            answers = [
                service.redis.click_limits.spend(limited, 2, bytes([number]) * 16)
                for number in range(4)
            ]
            assert answers == [True, True, False, False]


@pytest.mark.parametrize("text", ["is no node of a cluster", "are of two clusters"])
def test_what_is_no_cluster_is_named_once_and_clicks_wait_in_the_spool(
    make_settings, shared_valkey, cluster, whole, caplog, text
):
    nodes = [shared_valkey] if "no node" in text else [cluster.nodes[0], whole.nodes[0]]
    places = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
    service = RedirectService(
        make_settings(redis_url=f"redis+cluster://{places}", stream_shards=SHARDS)
    )
    service.start()
    try:
        wait_until(lambda: any(text in line for line in caplog.messages))
        record(service)
        wait_until(lambda: count(service, "clicks_total", outcome="spooled") == 1)
        assert [text in line for line in caplog.messages].count(True) == 1
        assert service.redis.state(1.0).fault == "away"
    finally:
        service.close()


def test_while_all_primaries_are_away_clicks_wait_in_the_spool(whole, serving):
    with serving(whole) as service:
        before = [record(service) for _ in range(5)]
        assert service.redis.state(2.0) == ("", "")
        for node in whole.nodes:
            node.kill()
        wait_until(lambda: all(each.is_away for each in service.redis.primaries.all))
        assert service.redis.state(2.0).fault == "away"
        ids = [record(service) for _ in range(20)]
        wait_until(lambda: count(service, "clicks_total", outcome="spooled") == 20)
        for node in whole.nodes:
            node.start()
        whole.wait_until_whole()
        wait_until(lambda: service.redis.lookup.is_watching)
        wait_until(lambda: count(service, "clicks_drained_total") >= 20)
        found = streams_of(whole, service)
        assert {one for shard in found.values() for one in shard} == {*before, *ids}
        assert service.redis.state(2.0).fault == ""


def test_a_replica_of_each_primary_has_the_clicks_where_that_is_wanted(whole, serving):
    with serving(whole, confirm="replica") as service:
        ids = [record(service) for _ in range(20)]
        stream = next(name for name, ids in streams_of(whole, service).items() if ids)
        assert count(service, "clicks_replicated_total") == 20
        # From now on nobody confirms what this primary is given.
        whole.replica_of(whole.owner(stream)).kill()
        ids += [record(service) for _ in range(20)]
        wait_until(lambda: count(service, "clicks_total", outcome="confirmed") >= 39)
        assert count(service, "replica_missing") == 1
        wait_until(lambda: count(service, "spool_clicks") == 0)
        found = streams_of(whole, service)
        assert {one for shard in found.values() for one in shard} == set(ids)


def kill(primary, _cluster):
    primary.kill()


def freeze(primary, _cluster):
    primary.signal(signal.SIGSTOP)


def switch(primary, cluster):
    gevent.get_hub().threadpool.apply(cluster.replica_of(primary).call, ("CLUSTER", "FAILOVER"))


def code_beside(cluster, stream):
    """Return the code of a link that is at the same primary as a stream, in another slot."""
    owner = cluster.owner(stream)
    return next(code for code in CODES if cluster.owner(link_key(code)) is owner)


@pytest.mark.parametrize("fail", [kill, freeze, switch])
def test_links_and_clicks_follow_a_primary_that_is_replaced(whole, serving, fail):
    for code in CODES:
        put(whole, code, OLD)
    with serving(whole) as service:
        record(service)
        stream = next(name for name, ids in streams_of(whole, service).items() if ids)
        code = code_beside(whole, stream)
        assert lead(service, code) == OLD
        old = whole.owner(stream)
        replica = whole.replica_of(old)
        fail(old, whole)
        ids = []
        in_pool = gevent.get_hub().threadpool.apply
        while in_pool(replica.call, ("ROLE",))[0] != "master":
            ids.append(record(service))
            assert lead(service, code) == OLD
            gevent.sleep(0.005)
        in_pool(replica.call, ("SET", link_key(code), encode(link(code, NEW))))
        wait_until(lambda: lead(service, code) == NEW)
        if fail is freeze:
            old.signal(signal.SIGCONT)
        whole.wait_until_whole()
        wait_until(lambda: service.redis.lookup.is_watching)
        ids += [record(service) for _ in range(10)]
        wait_until(lambda: count(service, "spool_clicks") == 0)
        found = streams_of(whole, service)
        assert {one for shard in found.values() for one in shard} >= set(ids)


def test_a_node_that_is_cut_off_and_goes_by_an_old_map_is_not_followed(whole, serving):
    with serving(whole) as service:
        old = whole.primaries()[0]
        replica = whole.replica_of(old)
        old.kill()
        in_pool = gevent.get_hub().threadpool.apply
        in_pool(whole.wait_for_primary, (replica,))
        first = service.redis.primaries.all[0]
        wait_until(lambda: first.node.end[1] == replica.port and not first.is_away)
        for node in whole.nodes:
            if node is not old:
                node.signal(signal.SIGSTOP)
        in_pool(old.start)
        assert old.view().node_of(0).end[1] == old.port
        gevent.sleep(1.5)
        assert first.node.end[1] == replica.port


def at_once(cluster, slot, target):
    cluster.move_slot_at_once(slot, target)


def key_by_key(cluster, slot, target):
    cluster.move_slot(slot, target)


@pytest.mark.parametrize("move", [at_once, key_by_key])
def test_links_and_clicks_follow_a_slot_that_moves(cluster, serving, move):
    for code in CODES:
        put(cluster, code, OLD)
    with serving(cluster, record_budget_ms=30_000) as service:
        ids = {record(service) for _ in range(500)}
        stream = next(name for name, ids in streams_of(cluster, service).items() if ids)
        code = code_beside(cluster, stream)
        assert {lead(service, each) for each in CODES} == {OLD}
        source = cluster.owner(stream)
        target = next(node for node in cluster.primaries() if node is not source)
        slots = slot_of(stream), slot_of(link_key(code))

        def move_all(goal):
            for slot in slots:
                move(cluster, slot, goal)
            goal.call("SET", link_key(code), encode(link(code, NEW)))

        for goal in (target, source):
            moving = gevent.get_hub().threadpool.spawn(move_all, goal)
            while not moving.ready():
                ids.add(record(service))
                assert lead(service, code) in (OLD, NEW)
                gevent.sleep(0.001)
            moving.get()
            wait_until(lambda: lead(service, code) == NEW)
            put(cluster, code, OLD)
            wait_until(lambda: lead(service, code) == OLD)
        found = streams_of(cluster, service)
        assert {one for shard in found.values() for one in shard} == ids
        assert count(service, "clicks_total", outcome="spooled") == 0
