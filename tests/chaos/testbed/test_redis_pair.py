import threading
from contextlib import ExitStack

import pytest
from redis import Redis
from redis.exceptions import ReadOnlyError, RedisError

from app.local.valkey import valkey_binary, valkey_program, valkey_url
from tests.chaos.testbed.redis_pair import RedisPair, RedisServer
from tests.support.servers import free_port
from tests.support.tcp_proxy import CuttingProxy
from tests.support.worker_processes import wait_until

READY_SECONDS = 120


@pytest.fixture
def pair(tmp_path):
    """Two servers, of which the master runs, and the URL of the name that leads to it."""

    def make(name):
        directory, port = tmp_path / name, free_port()
        directory.mkdir()
        program = valkey_program(valkey_binary(), directory, port)
        return RedisServer(directory, port, program, {})

    with ExitStack() as opened:
        name = opened.enter_context(CuttingProxy(0))
        pair = RedisPair(make, [name])
        opened.enter_context(pair.replica_link)
        for server in (pair.master, pair.spare):
            opened.callback(server.service.kill)
        pair.master.service.spawn()
        pair.master.service.wait_until_ready(READY_SECONDS)
        yield pair, valkey_url(name.port)


def test_the_name_moves_for_new_connections_and_old_ones_stay(pair):
    pair, url = pair
    with Redis.from_url(url) as before, Redis.from_url(url) as after:
        before.set("demo", "old")
        pair.begin_replica()
        pair.promote()
        after.set("demo", "new")
        assert (before.get("demo"), after.get("demo")) == (b"old", b"new")


def test_a_replica_that_lags_lacks_what_was_written_since(pair):
    pair, url = pair
    with Redis.from_url(url) as client:
        client.set("early", "1")
        pair.begin_replica()
        pair.replica_link.stall()
        client.set("late", "1")
    pair.promote()
    with Redis.from_url(url) as client:
        assert (client.exists("early"), client.exists("late")) == (1, 0)


def test_the_servers_can_change_places_again_and_again(pair):
    pair, url = pair
    for turn in range(3):
        pair.begin_replica()
        pair.promote()
        pair.end_spare()
        with Redis.from_url(url) as client:
            assert client.incr("turns") == turn + 1


def test_a_replica_that_is_begun_has_all_that_was_written_before(pair):
    pair, url = pair
    with Redis.from_url(url) as client:
        stop = threading.Event()
        writing = threading.Thread(target=_count_up, args=(client, stop))
        writing.start()
        wait_until(lambda: client.get("count"))
        before = int(client.get("count"))
        pair.begin_replica()
        stop.set()
        writing.join()
    with Redis.from_url(valkey_url(pair.spare.port)) as replica:
        assert int(replica.get("count")) >= before


def _count_up(client, stop):
    while not stop.is_set():
        client.incr("count")


def test_a_master_that_can_not_be_told_to_step_down_keeps_its_replica_in_step(pair):
    pair, url = pair
    with Redis.from_url(url) as client:
        pair.begin_replica()
        master = pair.master.command
        pair.master.command = _unreachable
        with pytest.raises(RedisError):
            pair.demote(0.1)
        pair.master.command = master
        client.set("late", "1")
        assert client.wait(1, 5000) == 1


def _unreachable(*_):
    raise RedisError


def test_a_master_that_steps_down_takes_nothing_more(pair):
    pair, url = pair
    with Redis.from_url(url) as client:
        pair.begin_replica()
        pair.demote()
        with pytest.raises(ReadOnlyError):
            client.set("late", "1")
