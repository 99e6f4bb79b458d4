"""Several hosts of ClickHouse: real servers, dead ports, and a host that never greets."""

import socket
import time
from collections.abc import Iterator

import pytest

from app.stores.clickhouse.client import HostedConnection
from app.stores.clickhouse.connection import (
    ClickHouseRefused,
    ClickHouseUnavailable,
    connect,
    insert_settings,
    longest_call_seconds,
    of_cluster,
    translated,
)
from app.stores.clickhouse.driver import errors

TOO_SLOW = "SELECT sum(number) FROM numbers(100000000)"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections, as the kernel of a frozen server does, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def url_of(*ports: int, query: str = "") -> str:
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"clickhouse://default@{hosts}/default{query}"


def ask(url: str, query: str = "SELECT tcpPort()", **settings: object):
    with translated(url), connect(url, timeout_seconds=10) as client:
        return client.execute(query, settings=settings)[0][0]


def test_whichever_host_answers_is_kept(shared_clickhouse, free_port):
    url = url_of(free_port(), shared_clickhouse.port, free_port())
    assert [ask(url) for _ in range(5)] == [shared_clickhouse.port] * 5


def test_a_host_that_never_greets_costs_a_process_one_wait(
    shared_clickhouse, silent_port, free_port
):
    url = url_of(silent_port, shared_clickhouse.port, free_port(), query="?connect_timeout=5")
    ask(url)
    waits = []
    for _ in range(5):
        started = time.monotonic()
        with pytest.raises(ClickHouseUnavailable):
            ask(url, TOO_SLOW, max_execution_time=0.000001)
        waits.append(time.monotonic() - started)
    assert min(waits) < 5  # the timeout, if each connection paid it


def test_an_error_that_another_host_may_not_have_leads_to_the_other(clickhouse_server):
    first, second = clickhouse_server(), clickhouse_server()
    url = url_of(first.port, second.port)
    reached = ask(url)
    assert ask(url) == reached
    with pytest.raises(ClickHouseUnavailable):
        ask(url, TOO_SLOW, max_execution_time=0.000001)
    other = ask(url)
    assert {reached, other} == {first.port, second.port}
    with pytest.raises(ClickHouseRefused, match=f"ClickHouse at 127.0.0.1:{other} says"):
        ask(url, "SELECT nothing")
    assert ask(url) == other


def test_nothing_is_sent_twice_when_a_host_dies_during_a_query(clickhouse_server):
    first, second = clickhouse_server(), clickhouse_server()
    url = url_of(first.port, second.port)
    with connect(url, timeout_seconds=10) as client:
        [(port,)] = client.execute("SELECT tcpPort()")
        victim, other = (first, second) if port == first.port else (second, first)
        # Row by row: it would refuse to sleep for a whole block, and say so before it dies.
        rows = client.execute_iter(
            "SELECT number, sleepEachRow(0.1) FROM numbers(100) SETTINGS max_block_size = 1"
        )
        victim.kill()
        place = f"ClickHouse at 127.0.0.1:{victim.port} is away"
        with pytest.raises(ClickHouseUnavailable, match=place), translated(url):
            list(rows)
        assert client.execute("SELECT tcpPort()") == [(other.port,)]


def test_a_host_that_is_killed_between_queries_is_left_for_another(clickhouse_server):
    servers = {each.port: each for each in (clickhouse_server(), clickhouse_server())}
    url = url_of(*servers)
    with connect(url, timeout_seconds=10) as client:
        [(port,)] = client.execute("SELECT tcpPort()")
        servers.pop(port).kill()
        assert client.execute("SELECT tcpPort()") == [(*servers,)]


def test_when_no_host_answers_each_says_why(free_port, silent_port):
    dead = free_port()
    url = url_of(dead, silent_port, query="?connect_timeout=0.2")
    with pytest.raises(ClickHouseUnavailable, match="ClickHouse at all 2 hosts is away") as away:
        ask(url)
    assert f"127.0.0.1:{dead} Connection refused" in str(away.value)
    assert f"127.0.0.1:{silent_port} it gave no answer in time" in str(away.value)


def test_a_host_that_hangs_up_before_its_greeting_is_left(shared_clickhouse, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        bad = listener.getsockname()[1]
        url = url_of(bad, shared_clickhouse.port)
        greet = HostedConnection.receive_hello

        def hang_up(self: HostedConnection) -> None:
            if self.port == bad:
                raise EOFError
            greet(self)

        monkeypatch.setattr(HostedConnection, "receive_hello", hang_up)
        assert [ask(url) for _ in range(3)] == [shared_clickhouse.port] * 3


def test_a_refused_login_is_no_reason_to_try_another_host(shared_clickhouse, clickhouse_server):
    ports = (shared_clickhouse.port, clickhouse_server().port)
    url = url_of(*ports).replace("default@", "nobody@")
    with pytest.raises(ClickHouseRefused, match=r"ClickHouse at 127\.0\.0\.1:\d+ says"):
        ask(url)


def test_round_robin_of_the_driver_is_not_used(shared_clickhouse, free_port):
    url = url_of(free_port(), shared_clickhouse.port, query="?round_robin=1")
    assert ask(url) == shared_clickhouse.port


def test_hosts_behind_the_question_mark_are_among_them(shared_clickhouse, free_port):
    url = url_of(free_port(), query=f"?alt_hosts=127.0.0.1:{shared_clickhouse.port}")
    assert ask(url) == shared_clickhouse.port


def test_one_host_waits_as_long_as_ever(free_port):
    client = connect(url_of(1), timeout_seconds=30)
    assert (client.connection.connect_timeout, client.connection.sync_request_timeout) == (5, 5)
    assert longest_call_seconds(url_of(1), 30) == 40
    several = connect(url_of(1, 2, 3), timeout_seconds=30).connection
    assert (several.connect_timeout, several.sync_request_timeout) == (2, 2)
    assert longest_call_seconds(url_of(1, 2, 3), 30) == 44
    with pytest.raises(ClickHouseUnavailable, match=r"ClickHouse at 127\.0\.0\.1:\d+ is away: Con"):
        ask(url_of(free_port()))


@pytest.mark.parametrize("setting", ["insert_deduplicate=0", "deduplicate_insert=disable"])
def test_a_token_is_heeded_whatever_the_profile_says(clickhouse_url, setting):
    with connect(f"{clickhouse_url}?{setting}", timeout_seconds=10) as client:
        client.execute(
            "CREATE TABLE t (x Int8) ENGINE = MergeTree ORDER BY x"
            " SETTINGS non_replicated_deduplication_window = 100"
        )
        for _ in range(2):
            client.execute(
                "INSERT INTO t VALUES", [(1,)], settings=insert_settings(client, 1, "token")
            )
        assert client.execute("SELECT count() FROM t") == [(1,)]


def test_a_setting_that_an_older_server_does_not_know_is_not_sent_to_it(clickhouse_url):
    ask_for = "SELECT getSetting('deduplicate_insert')"
    off = {"deduplicate_insert": "disable"}
    with connect(f"{clickhouse_url}?settings_is_important=1", timeout_seconds=10) as client:
        assert client.execute(ask_for, settings=off) == [("disable",)]
        client.connection.server_info.version_major = 25
        assert client.execute(ask_for, settings=off) == [("enable",)]


def test_inserts_of_a_single_server_say_nothing_of_replicas():
    plain = insert_settings(connect(url_of(1), timeout_seconds=1), 5, "token")
    assert not [name for name in plain if "quorum" in name or "keeper" in name]
    url = of_cluster(url_of(1, 2), "hop", "auto")
    of_replicas = insert_settings(connect(url, timeout_seconds=1), 5, "token")
    assert of_replicas == plain | {
        "insert_keeper_max_retries": 3,
        "insert_quorum": "auto",
        "insert_quorum_timeout": 10_000,
    }


def test_an_error_of_the_caller_does_not_change_the_host(clickhouse_server):
    url = url_of(clickhouse_server().port, clickhouse_server().port)
    with connect(url, timeout_seconds=10) as client:
        [(port,)] = client.execute("SELECT tcpPort()")
        client.execute("CREATE TABLE t (x UInt8) ENGINE = Memory")
        with pytest.raises(errors.TypeMismatchError):
            client.execute("INSERT INTO t VALUES", [("text",)], types_check=True)
        assert client.execute("SELECT tcpPort()") == [(port,)]
