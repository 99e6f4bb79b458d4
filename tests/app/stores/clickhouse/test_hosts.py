import os

import pytest

from app.stores.clickhouse.hosts import Hosts, at_place, hosts_of, path, places

A, B, C = (("a", 9000), ("b", 9000), ("c", 9000))


@pytest.mark.parametrize(
    ("url", "found", "database"),
    [
        ("clickhouse://u:p@ch1:9000,ch2:9001,ch3/hopline", ("ch1:9000", "ch2:9001", "ch3"), None),
        ("clickhouses://[::1]:1,[::2]:2/hopline/?secure=1", ("[::1]:1", "[::2]:2"), None),
        ("clickhouse://h/hopline", ("h",), None),
        ("clickhouse://u:p%40,x@h?a=b/c", ("h",), ""),
        ("clickhouse://", ("",), ""),
    ],
)
def test_a_url_is_parted_at_its_hosts(url: str, found: tuple[str, ...], database: str | None):
    assert places(url) == found
    assert path(url) == ("hopline" if database is None else database)


def test_a_url_can_be_led_to_one_host():
    url = "clickhouse://u:p@ch1:9000,ch2:9001/hopline?secure=1"
    assert at_place(url, "ch2:9001") == "clickhouse://u:p@ch2:9001/hopline?secure=1"


def test_who_fails_comes_last_and_who_lets_nobody_in_after_those():
    hosts = Hosts([A, B, C])
    first, second, third = hosts.in_order()
    hosts.missed(first, is_away=True)
    assert hosts.in_order() == [second, third, first]
    hosts.missed(second, is_away=False)
    assert hosts.in_order() == [third, second, first]
    hosts.missed(third, is_away=False)
    assert hosts.in_order() == [second, third, first]
    hosts.reached(first)
    hosts.missed(second, is_away=True)
    assert hosts.in_order()[-1] == second


def test_processes_spread_over_the_hosts():
    begun = {Hosts([A, B, C]).in_order()[0] for _ in range(200)}
    assert begun == {A, B, C}


def test_a_process_keeps_what_it_knows_and_a_forked_one_begins_anew(monkeypatch):
    ours = hosts_of([A, B])
    assert hosts_of([B, A]) is ours
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert hosts_of([A, B]) is not ours
