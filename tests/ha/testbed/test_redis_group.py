from contextlib import contextmanager

import pytest
from redis.exceptions import ResponseError

from app.local.valkey import valkey_binary
from tests.conftest import missing
from tests.ha.monitors.failover_observer import FailoverObserver
from tests.ha.testbed.redis_group import REPLICA, SENTINEL, RedisGroup
from tests.support.servers import redis_server_7
from tests.support.worker_processes import wait_until


@contextmanager
def started(directory, binary):
    group = RedisGroup(directory, binary, down_after_seconds=1, min_replicas=1)
    try:
        group.start()
        yield group
    finally:
        group.kill_all()


def test_a_killed_master_is_replaced_and_comes_back_as_a_replica(tmp_path):
    binary = redis_server_7() or missing("redis-server")
    with started(tmp_path, binary) as group, FailoverObserver(group) as observer:
        assert observer.promotions(0) == []
        master = group.master()
        assert master is group.servers[0]
        master.server.kill()
        wait_until(lambda: observer.promotions(0))
        (promotion,) = observer.promotions(0)
        assert promotion.port != master.port
        wait_until(lambda: group.master().port == promotion.port)
        group.bring_back()
        wait_until(lambda: observer.is_whole)
        assert master.command("ROLE")[0] == "slave"
        # On a busy machine Sentinels may take away a master that was only late.
        assert observer.promotions(0)[0].port == promotion.port


def test_a_master_that_is_cut_off_answers_hopline_while_another_is_promoted(tmp_path):
    with started(tmp_path, valkey_binary()) as group:
        master = group.master()
        group.shut_out(master, REPLICA, SENTINEL)
        wait_until(lambda: group.master() is not master)
        assert master.command("ROLE")[0] == "master"
        with pytest.raises(ResponseError, match="NOREPLICAS"):
            master.command("SET", "links:demo", "1")
        group.let_in(master, REPLICA, SENTINEL)
        wait_until(lambda: f"user={SENTINEL} " in str(master.command("CLIENT", "LIST")))


def test_settings_that_are_gone_from_the_reference_are_missed(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.ha.testbed.redis_group.MASTER_NAME", "another")
    with pytest.raises(ValueError, match="down-after-milliseconds another is no longer"):
        RedisGroup(tmp_path, valkey_binary(), down_after_seconds=1, min_replicas=1)
