from app.health.clickhouse.hosts import hosts_checks, judge_hosts
from app.schema.migrations import migrate


def test_one_host_needs_no_such_check(clickhouse_url):
    assert list(hosts_checks(clickhouse_url, 5)) == []


def test_hosts_that_are_away_are_named(shared_clickhouse, free_port):
    dead = free_port()
    url = f"clickhouse://127.0.0.1:{dead},127.0.0.1:{shared_clickhouse.port}/default"
    [check] = hosts_checks(url, 5)
    assert check.state == "warn"
    assert check.text.startswith(f"1 of 2 are away: ClickHouse at 127.0.0.1:{dead} is away: Conn")


def test_hosts_with_clicks_of_their_own_are_a_failure(clickhouse_url, shared_clickhouse, free_port):
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    place = f"127.0.0.1:{shared_clickhouse.port}"
    [check] = hosts_checks(clickhouse_url.replace(place, f"{place},127.0.0.1:{free_port()}"), 5)
    assert check.state == "fail"
    assert f"beginnings of {place} is a ReplacingMergeTree" in check.text


def test_hosts_that_share_their_tables_are_well():
    engines = {"a:1": {"clicks": "ReplicatedReplacingMergeTree"}, "b:1": {"clicks": "Distributed"}}
    check = judge_hosts(engines, {})
    assert (check.state, check.text) == ("ok", "all 2 answer")
