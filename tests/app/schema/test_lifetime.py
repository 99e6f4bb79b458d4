"""Clicks that move to a cold volume and are forgotten later, on a server with two disks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.health.clickhouse.server import clickhouse_checks
from app.schema.lifetime import Lifetime, lifetime_of
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseRefused, connect, of_cluster
from tests.support.clicks import click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

days = st.integers(0, 10_000)
OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


def add_cold_disk(server):
    """Give a server a second disk, and a policy that has both, as the documents tell to."""
    cold = server.directory / "cold"
    cold.mkdir()
    _, _, told = OPERATIONS.read_text().partition("## Old clicks on slower disks")
    _, _, told = told.partition("```xml\n<clickhouse>\n")
    policy, _, _ = told.partition("```")
    config = server.directory / "config.xml"
    assert "/mnt/slow/clickhouse/" in policy
    policy = policy.replace("/mnt/slow/clickhouse/", f"{cold}/")
    config.write_text(config.read_text().replace("</clickhouse>", policy))
    server.restart()


@pytest.fixture
def tiered(clickhouse_server):
    server = clickhouse_server()
    add_cold_disk(server)
    return server.url("hopline")


def run(url, ttl_days=0, cold_days=0, storage_policy=""):
    migrate(
        url,
        timeout_seconds=20,
        ttl_days=ttl_days,
        cold_days=cold_days,
        storage_policy=storage_policy,
    )


def ask(url, query):
    with connect(url, timeout_seconds=30) as client:
        return client.execute(query)


def engine(url):
    return ask(
        url,
        "SELECT engine_full FROM system.tables"
        " WHERE database = currentDatabase() AND name = 'clicks'",
    )[0][0]


def disks(url):
    """Return the disks of the months of which there are clicks."""
    rows = ask(
        url, "SELECT partition, disk_name FROM system.parts WHERE active AND table = 'clicks'"
    )
    return dict(rows)


@given(ttl_days=days, cold_days=days)
def test_a_lifetime_is_read_from_what_makes_it(ttl_days, cold_days):
    wanted = Lifetime(ttl_days, cold_days)
    assert lifetime_of(f"MergeTree ORDER BY x {wanted.change} SETTINGS a = 1") == wanted


def test_rules_of_others_are_no_lifetime():
    assert lifetime_of("TTL toDateTime(time) + toIntervalDay(5) TO DISK 'x'") == Lifetime(0)
    assert lifetime_of("TTL toDateTime(time) + toIntervalHour(5)") == Lifetime(0)


def test_old_clicks_move_to_the_cold_volume_and_count_as_before(tiered):
    run(tiered)
    ((now,),) = ask(tiered, "SELECT now64(3, 'UTC')")
    old = now.replace(year=now.year - 1)
    insert_clicks(tiered, click_row(now), click_row(old))
    for _ in range(2):
        run(tiered, ttl_days=5_000, cold_days=30, storage_policy="tiered")
    wanted = {f"{now:%Y%m}": "default", f"{old:%Y%m}": "slow"}
    wait_until(lambda: disks(tiered) == wanted)
    assert ask(tiered, "SELECT count() FROM clicks FINAL") == [(2,)]
    insert_clicks(tiered, click_row(old))
    wait_until(lambda: set(disks(tiered).values()) == {"default", "slow"})
    run(tiered, ttl_days=0, cold_days=30)
    assert lifetime_of(engine(tiered)) == Lifetime(0, 30)
    assert "storage_policy = 'tiered'" in engine(tiered)
    run(tiered)
    assert lifetime_of(engine(tiered)) == Lifetime(0)


def test_the_doctor_compares_it_with_what_is_set(tiered):
    run(tiered, ttl_days=5_000, cold_days=30, storage_policy="tiered")
    for cold_days, state in ((30, "ok"), (40, "warn")):
        found = clickhouse_checks(tiered, timeout_seconds=5, ttl_days=5_000, cold_days=cold_days)
        check = next(each for each in found if each.name == "lifetimes")
        assert check.state == state
        assert "for 5000 days, cold after 30" in check.text


@pytest.mark.parametrize(
    ("policy", "words"),
    [("nope", "Unknown storage policy"), ("", "No such volume"), ("default", "No such volume")],
)
def test_a_policy_without_such_a_volume_is_refused(tiered, policy, words):
    with pytest.raises(ClickHouseRefused, match=words):
        run(tiered, cold_days=30, storage_policy=policy)


def test_every_replica_stores_by_the_policy(clickhouse_replicas):
    replicas = clickhouse_replicas()
    for each in replicas.replicas:
        add_cold_disk(each)
    run(of_cluster(replicas.url("hopline"), "hop", "0"), cold_days=30, storage_policy="tiered")
    for each in replicas.replicas:
        wait_until(lambda each=each: "TO VOLUME" in engine(each.url("hopline")))
        assert "storage_policy = 'tiered'" in engine(each.url("hopline"))
