from contextlib import contextmanager

import pytest
from redis.exceptions import AuthenticationError, ResponseError

from app.local.valkey import valkey_binary
from tests.conftest import missing
from tests.ha.monitors.failover_observer import FailoverObserver
from tests.ha.testbed.redis_group import RedisGroup
from tests.support.servers import redis_server_7
from tests.support.worker_processes import wait_until


@contextmanager
def started(directory, binary):
    group = RedisGroup(directory, binary, down_after_seconds=1, min_replicas=1)
    try:
        group.start()
        yield group
    finally:
        for node in group.nodes:
            node.service.kill()


@pytest.fixture
def group(tmp_path):
    with started(tmp_path, valkey_binary()) as group:
        yield group


def test_a_killed_master_is_replaced_and_comes_back_as_a_replica(tmp_path):
    binary = redis_server_7() or missing("redis-server")
    with started(tmp_path, binary) as group, FailoverObserver(group) as observer:
        assert observer.promotions(0) == []
        master = group.master()
        group.kill(master)
        wait_until(lambda: observer.promotions(0))
        (promotion,) = observer.promotions(0)
        assert promotion.port != master.port
        wait_until(lambda: group.master().port == promotion.port)
        group.bring_back()
        wait_until(lambda: observer.is_whole)
        assert master.command("ROLE")[0] == "slave"
        assert [one.port for one in observer.promotions(0)] == [promotion.port]


def test_a_master_that_is_cut_off_answers_hopline_while_another_is_promoted(group):
    master, users = group.master(), group.users
    group.shut_out(master, users.replica, users.sentinel)
    wait_until(lambda: group.master() is not master)
    assert master.command("ROLE")[0] == "master"
    with pytest.raises(ResponseError, match="NOREPLICAS"):
        master.command("SET", "links:demo", "1")
    group.let_in(master, users.replica, users.sentinel)
    assert master.command("ACL", "DRYRUN", users.replica.username, "PSYNC", "?", "-1") == "OK"


def test_nobody_gets_in_without_a_password(group):
    for node in (group.servers[0], group.sentinels[0]):
        node.login = node.login._replace(password="guessed")
        with pytest.raises(AuthenticationError):
            node.command("PING")
