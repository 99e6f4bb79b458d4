"""The reference configuration of three Redis servers and three Sentinels, on real ones."""

import itertools
import json
import shutil
import threading
from contextlib import suppress

import pytest
import redis

from app.health.redis.sentinels import sentinel_checks
from app.local.ports import LOOPBACK, http_status
from app.local.valkey import valkey_binary
from app.processes.child import running
from app.stores.redis.client import connect
from tests.conftest import missing
from tests.support.certificates import self_signed
from tests.support.deploy.replicated_redis import (
    Certificate,
    ReplicatedRedis,
    make_hosts,
    replicated_redis,
    until,
)
from tests.support.redirect_servers import RedirectServer
from tests.support.servers import READY_SECONDS, STOP_SECONDS, redis_server_7
from tests.support.worker_processes import Workers

BINARIES = {"valkey": valkey_binary, "redis7": redis_server_7}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=BINARIES, scope="module")
def group(request, tmp_path_factory):
    """Three hosts; each test leaves them well, whoever is the master then."""
    binary = BINARIES[request.param]() or missing(request.param)
    with replicated_redis(tmp_path_factory.mktemp("hosts"), binary) as started:
        started.settle()
        yield started


def switch(group, *how):
    """Have a Sentinel make another the master, and return that."""
    old = group.master()
    sentinel = group.hosts[1].ask_sentinel()
    # Until it has looked at replicas that came back, it promotes nobody.
    until(lambda: accepts(sentinel, "SENTINEL", "FAILOVER", "mymaster", *how))
    return group.master_other_than(old)


def accepts(client, *command):
    with suppress(redis.RedisError):
        return client.execute_command(*command)
    return False


def keep_a_link(group):
    """Add a link, and wait until every host has it: a switch may leave behind what only one has."""
    group.settle().ask_redis("hopline").set("link:kept", "1")
    until(lambda: all(accepts(host.ask_redis(), "GET", "link:kept") == "1" for host in group.hosts))


def test_another_takes_over_at_a_planned_switch_and_from_a_killed_master(group):
    keep_a_link(group)
    new = switch(group)
    assert new.ask_redis("hopline").get("link:kept") == "1"
    group.settle()
    new.redis.kill()
    last = group.master_other_than(new)
    assert last.ask_redis("hopline").get("link:kept") == "1"
    new.redis.start()
    group.settle()
    assert group.refusals() == []


@pytest.fixture
def settings(group, migrated_url, make_settings, tmp_path):
    group.settle()
    return make_settings(
        redis_url=group.url(),
        clickhouse_url=migrated_url,
        consumers=1,
        insert_seconds=0.2,
        data_dir=tmp_path / "redirect",
    )


def test_all_of_hopline_runs_and_follows_through_users_with_few_rights(
    group, settings, hopline, tmp_path
):
    hopline("links", "add", "https://example.com/", "--code", "followed")
    with (
        RedirectServer(tmp_path / "redirect", group.url("hopline-redirect")) as redirect,
        Workers(settings, tmp_path / "workers.log") as workers,
    ):
        assert http_status(f"{LOOPBACK}:{redirect.port}", "/followed") == 302
        switch(group)
        assert http_status(f"{LOOPBACK}:{redirect.port}", "/followed") == 302
        until(lambda: '"clicks": 2' in hopline("stats", "followed", "--json"))
        hopline("audit", codes=(0, 1))
        assert workers.stop() == 0
    assert group.refusals() == []


def test_the_doctor_finds_nothing_wrong_with_it(group, settings, hopline):
    def about_redis():
        found = json.loads(hopline("doctor", "--json", codes=(0, 1)))["checks"]
        return [check for check in found if check["name"].startswith(("redis", "sentinel", "next"))]

    # A Sentinel looks at replicas now and then.
    until(lambda: {check["state"] for check in about_redis()} == {"ok"})
    assert len([check for check in about_redis() if "sentinel" in check["name"]]) == 6


def test_all_start_again_in_their_roles(group):
    master = group.settle()
    for host in group.hosts:
        host.sentinel.restart()
        host.redis.restart()
    assert group.settle() is master
    roles = [host.ask_redis().role()[0] for host in group.hosts if host is not master]
    assert roles == ["slave", "slave"]


@pytest.mark.parametrize("group", ["valkey"], indirect=True)
def test_a_coordinated_switch_has_the_rights_that_it_needs(group):
    group.settle()
    switch(group, "COORDINATED")
    group.settle()
    assert group.refusals() == []


def test_a_planned_switch_after_a_pause_leaves_nothing_behind_that_was_confirmed(group):
    master = group.settle()
    confirmed = []
    writer = threading.Thread(target=write_until_refused, args=(master, confirmed))
    writer.start()
    until(lambda: len(confirmed) > 100)
    master.ask_redis().client_pause(60_000, all=False)
    client = switch(group).ask_redis()

    # Sentinel ends connections to a master that it demotes, and ours may be one of them.
    def is_refused():
        accepts(master.ask_redis(), "CLIENT", "KILL", "TYPE", "normal")
        return not writer.is_alive()

    until(is_refused)
    until(lambda: accepts(master.ask_redis(), "CLIENT", "UNPAUSE"))
    assert [name for name in confirmed if not client.exists(name)] == []
    group.settle()


def write_until_refused(master, confirmed):
    """Add links, over one connection to the first master."""
    with suppress(redis.RedisError), master.ask_redis("hopline") as client:
        for number in itertools.count():
            client.set(f"link:{number}", "1")
            confirmed.append(f"link:{number}")


def test_a_master_whose_replicas_are_gone_takes_nothing(group):
    master = group.settle()
    others = [host for host in group.hosts if host is not master]
    for host in others:
        host.redis.stop()
    until(lambda: master.ask_redis().info("replication")["min_slaves_good_slaves"] == 0)
    with pytest.raises(redis.ResponseError, match="NOREPLICAS"):
        master.ask_redis("hopline").set("link:unsafe", "1")
    for host in others:
        host.redis.start()
    group.settle()


def test_a_replica_without_its_master_shows_nobody_old_links(group):
    master = group.settle()
    replica = next(host for host in group.hosts if host is not master)
    replica.ask_redis().replicaof(LOOPBACK, 1)
    with pytest.raises(redis.ResponseError, match=r"(?i)link with master"):
        replica.ask_redis("hopline").get("link:kept")
    replica.follow(master)
    group.settle()


@pytest.mark.parametrize(
    ("user", "command"),
    [
        ("replica", "GET link:kept"),
        ("replica", "CONFIG GET *"),
        ("replica", "REPLICAOF NO ONE"),
        ("sentinel", "GET link:kept"),
        ("sentinel", "CONFIG GET *"),
        ("sentinel", "CONFIG SET maxmemory 1"),
        ("sentinel", "PSYNC ? -1"),
        ("sentinel", "SHUTDOWN"),
        ("sentinel", "FLUSHALL"),
    ],
)
def test_replicas_and_sentinels_may_not_do_more_than_they_need(group, user, command):
    dry = group.hosts[0].ask_redis().execute_command("ACL", "DRYRUN", user, *command.split())
    assert "no permissions" in dry


@pytest.mark.parametrize(
    "command",
    ["SENTINEL FAILOVER mymaster", "SENTINEL SET mymaster quorum 1", "SENTINEL REMOVE mymaster",
     "SENTINEL MONITOR other 127.0.0.1 1 1", "SENTINEL RESET *", "SENTINEL CONFIG GET *",
     "SENTINEL SIMULATE-FAILURE help", "SHUTDOWN", "ACL LIST", "CLIENT KILL TYPE normal"],
)  # fmt: skip
@pytest.mark.parametrize("user", ["hopline", "peer"])
def test_nobody_but_the_operator_sets_anything_at_a_sentinel(group, user, command):
    with pytest.raises(redis.exceptions.NoPermissionError):
        group.hosts[0].ask_sentinel(user).execute_command(*command.split())


def test_hopline_may_not_tell_a_sentinel_where_the_master_is(group):
    with pytest.raises(redis.exceptions.NoPermissionError):
        group.hosts[0].ask_sentinel("hopline").publish("__sentinel__:hello", "x")


def test_nobody_gets_into_a_sentinel_without_a_password(group):
    host = group.hosts[0]
    with (
        redis.Redis(host.address, host.sentinel.port) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.sentinel_masters()


def test_all_of_it_works_over_tls_and_by_names(tmp_path):
    shutil.which("openssl") or missing("openssl")
    binary = redis_server_7() or missing("redis7")
    certificate = Certificate(*self_signed(tmp_path, "localhost"))
    with replicated_redis(tmp_path, binary, certificate) as group:
        keep_a_link(group)
        new = switch(group)
        assert new.ask_redis("hopline").get("link:kept") == "1"
        named, _ = new.ask_sentinel("hopline").sentinel_get_master_addr_by_name("mymaster")
        assert named == "localhost"
        assert group.refusals() == []
        with pytest.raises(redis.ConnectionError):
            redis.Redis(LOOPBACK, new.redis.port).ping()
        url = f"{group.url(scheme='rediss+sentinel')}&ssl_ca_certs={certificate.path}"
        with connect(url, timeout_seconds=30) as client:
            # On a busy machine a Sentinel's first TLS handshake takes longer than it is waited for.
            until(lambda: accepts(client, "GET", "link:kept") == b"1")
        group.settle()
        # A Sentinel looks at replicas now and then.
        until(lambda: {check.state for check in sentinel_checks(url)} == {"ok"})


def test_one_host_becomes_three_and_three_one_again(tmp_path):
    """The steps of deploy/README.md, each with what proves it."""
    binary = redis_server_7() or missing("redis7")
    hosts = first, second, third = make_hosts(tmp_path, binary)
    group, folder = ReplicatedRedis(hosts), first.redis.directory
    first.write_users(alone=True)
    shutil.copy(folder / "redis.conf", folder / "redis.conf.single")
    with running(first.alone, tmp_path / "alone.log", READY_SECONDS, STOP_SECONDS):
        first.ask_redis(at=LOOPBACK).set("link:kept", "1")
        first.write_users()
        first.ask_redis(at=LOOPBACK).acl_load()
        # Redis 7.0 has hung up on everybody.
        operator = first.ask_redis(at=LOOPBACK)
        operator.config_set("bind", f"{first.address} {LOOPBACK}")
        assert first.ask_redis("replica").ping()
        for host in (second, third):
            host.redis.start()
            host.follow(first)
        until(lambda: group.replicas(first) == 2)
        assert operator.set("link:taken-all-the-time", "1")
    with first.redis:
        until(lambda: group.replicas(first) == 2)
        assert first.ask_redis().config_get("min-replicas-to-write") == {
            "min-replicas-to-write": "1"
        }
        for host in hosts:
            host.watch(first)
            host.sentinel.start()
        until(lambda: b"OK 3 usable" in _quorum(first))
        assert group.settle() is first
        for host in hosts:
            host.sentinel.kill()
        for host in (second, third):
            host.redis.kill()
    shutil.copy(folder / "redis.conf.single", folder / "redis.conf")
    with running(first.alone, tmp_path / "alone.log", READY_SECONDS, STOP_SECONDS):
        assert first.ask_redis(at=LOOPBACK).get("link:kept") == "1"
        assert first.ask_redis(at=LOOPBACK).set("link:taken-again", "1")
        with pytest.raises(redis.ConnectionError):
            first.ask_redis().ping()


def test_redis_becomes_valkey_under_writes_and_none_is_lost(tmp_path):
    """As docs/high-availability.md says to upgrade."""
    confirmed, is_over = [], threading.Event()
    with replicated_redis(tmp_path, redis_server_7() or missing("redis7")) as group:
        first = group.settle()
        arguments = (group.url(), confirmed, is_over)
        writer = threading.Thread(target=write_through_sentinels, args=arguments)
        writer.start()
        for host in group.hosts[1:]:
            host.upgrade(valkey_binary())
            until(lambda: group.replicas(first) == 2)
        first.ask_redis().client_pause(5_000, all=False)
        second = switch(group)
        first.upgrade(valkey_binary())
        until(lambda: group.replicas(second) == 2)
        written = len(confirmed)
        until(lambda: len(confirmed) > written)
        is_over.set()
        writer.join()
        client = second.ask_redis()
        assert [name for name in confirmed if not client.exists(name)] == []


def write_through_sentinels(url, confirmed, is_over):
    """Add some hundred links a second to whoever is the master, and note which it confirmed."""
    with connect(url, timeout_seconds=30) as client:
        for number in itertools.takewhile(lambda _: not is_over.wait(0.002), itertools.count()):
            with suppress(redis.RedisError, OSError):
                client.set(f"link:{number}", "1")
                confirmed.append(f"link:{number}")


def _quorum(host):
    try:
        said = host.ask_sentinel().execute_command("SENTINEL", "CKQUORUM", "mymaster")
    except redis.RedisError as error:
        said = str(error)
    return said.encode() if isinstance(said, str) else said
