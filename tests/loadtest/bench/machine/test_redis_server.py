import psutil
import pytest
import redis

from loadtest.bench.machine.placement import available_cores
from loadtest.bench.machine.redis_server import STREAM, running_redis
from loadtest.faults.processes import freeze

CORES = tuple(available_cores())


@pytest.fixture
def server(tmp_path):
    with running_redis(tmp_path, CORES) as running:
        yield running


def test_it_says_what_it_is(server):
    assert server.version().startswith(("Valkey ", "Redis "))


def test_distinct_clicks_of_some_links_are_counted(server):
    for click_id, code in (("a", "one"), ("a", "one"), ("b", "two"), ("c", "other")):
        server.client.xadd(STREAM, {"click_id": click_id, "short_code": code})
    assert server.click_ids({"one", "two"}) == {b"a", b"b"}


def test_clicks_are_read_past_one_page(server, monkeypatch):
    monkeypatch.setattr("loadtest.bench.machine.redis_server._PAGE", 2)
    for number in range(5):
        server.client.xadd(STREAM, {"click_id": number, "short_code": "one"})
    assert len(server.click_ids({"one"})) == 5


def test_forgotten_clicks_are_gone(server):
    server.client.xadd(STREAM, {"click_id": "a", "short_code": "one"})
    server.forget_clicks()
    assert server.click_ids({"one"}) == set()


def test_a_frozen_server_is_silent_until_that_is_lifted(server):
    impatient = redis.Redis(port=server.port, socket_timeout=0.2, retry=None)
    frozen = freeze([psutil.Process(server.pid)])
    with pytest.raises((redis.TimeoutError, redis.ConnectionError)):
        impatient.ping()
    frozen.lift()
    assert server.client.ping()
    impatient.close()


def test_a_frozen_server_is_stopped_all_the_same(tmp_path):
    with running_redis(tmp_path, CORES) as server:
        freeze([psutil.Process(server.pid)])
    with pytest.raises(redis.ConnectionError):
        redis.Redis(port=server.port, retry=None).ping()
