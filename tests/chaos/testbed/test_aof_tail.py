from random import Random

import pytest
from redis import Redis

from app.processes.child import wait_for
from tests.chaos.testbed.aof_tail import AofTail


@pytest.fixture
def server(any_redis_server):
    return any_redis_server()


def write(server, names):
    """Write keys, also to the file."""
    with Redis.from_url(server.url) as client:
        for name in names:
            client.set(name, "x" * 100)
    server.finish_writing()


def names(server):
    with Redis.from_url(server.url) as client:
        return {int(name) for name in client.scan_iter()}


def test_only_what_was_written_in_the_last_second_is_cut_off(server):
    now = [0.0]
    with AofTail(server.directory, lambda: now[0]) as tail:
        write(server, range(100))
        now[0] = 1.5
        assert wait_for(lambda: tail._sizes and tail._sizes[-1][0] == now[0], 60)
        write(server, range(100, 200))
        server.kill()
        cut_bytes = tail.cut(Random(1))
        assert cut_bytes > 0
        server.start()
    kept = names(server)
    assert kept >= set(range(100))
    assert len(kept) < 200
    assert kept == set(range(len(kept))), "a hole, where only the tail is gone"


def test_nothing_is_cut_off_a_file_that_nobody_has_watched(server, tmp_path):
    write(server, range(10))
    server.kill()
    assert AofTail(server.directory).cut(Random(1)) == 0
    server.start()
    assert names(server) == set(range(10))


def test_a_server_without_a_file_is_left_alone(tmp_path):
    with AofTail(tmp_path) as tail:
        assert not wait_for(lambda: tail.cut(Random(1)) > 0, 0.2)
