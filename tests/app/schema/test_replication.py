"""Migrations of a cluster, on real replicas with a real ZooKeeper."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.health.clickhouse.advice import advice
from app.schema import migrations
from app.schema.lifetime import ttl_of
from app.schema.migrations import SchemaMismatch, known, migrate, tables
from app.schema.sums import SUM_TABLES
from app.stores.clickhouse.connection import (
    ClickHouseRefused,
    ClickHouseUnavailable,
    connect,
    database_name,
    of_cluster,
)
from app.stores.clickhouse.driver import errors
from app.stores.clickhouse.hosts import at_place
from app.stores.clickhouse.replicas import ReplicaBehind, catch_up
from tests.support.clicks import click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

ALL = {*tables(), *SUM_TABLES, "migrations"}


def run(url, ttl_days=0):
    return migrate(url, timeout_seconds=20, ttl_days=ttl_days)


def is_migrated(url):
    try:
        return run(url) == []
    except ClickHouseUnavailable:
        return False  # the servers have not found their Keeper again


def ask(replica, url, query):
    with connect(replica.url(database_name(url)), timeout_seconds=20) as client:
        return client.execute(query)


def holds_clicks(replica, url, count):
    wait_until(lambda: ask(replica, url, "SELECT count() FROM clicks") == [(count,)])


def engines(replica, url):
    return dict(
        ask(
            replica,
            url,
            "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
            " AND engine != 'MaterializedView'",
        )
    )


def columns(replica, url):
    return ask(
        replica,
        url,
        "SELECT table, name, type FROM system.columns WHERE database = currentDatabase()"
        " ORDER BY table, name",
    )


def alone(url, replica):
    """Return the URL of one replica as a single server."""
    return at_place(url, f"127.0.0.1:{replica.port}").partition("?")[0]


def test_replicas_get_the_same_tables_once(shared_replicas, replicas_url):
    assert run(replicas_url) == [migration.name for migration in known()]
    assert run(replicas_url) == []
    first, second = shared_replicas.replicas
    assert columns(first, replicas_url) == columns(second, replicas_url)
    for replica in (first, second):
        found = engines(replica, replicas_url)
        assert found.keys() == ALL
        for name, engine in found.items():
            path = f"'/clickhouse/tables/{{shard}}/{database_name(replicas_url)}/{name}'"
            assert re.match(r"Replicated(Replac|Summ)ingMergeTree\(", engine)
            assert f"MergeTree({path}, '{{replica}}'" in engine
            assert "replicated_deduplication_window_seconds = 604800" in engine
        assert "fsync_after_insert = 1" in found["clicks"]
        assert "fsync_after_insert = 1" in found["ledger"]


@pytest.mark.parametrize("value", ["", "0.7"])
def test_tables_of_before_start_after_a_crash_unless_somebody_set_when(
    shared_replicas, replicas_url, value
):
    run(replicas_url)
    name, (first, second) = "replicated_max_ratio_of_wrong_parts", shared_replicas.replicas
    ask(first, replicas_url, f"ALTER TABLE clicks RESET SETTING {name}")
    if value:
        ask(first, replicas_url, f"ALTER TABLE clicks MODIFY SETTING {name} = {value}")
    assert run(replicas_url) == []
    assert f"{name} = {value or 1}" in engines(first, replicas_url)["clicks"]
    assert f"{name} = 1" in engines(second, replicas_url)["clicks"]


def test_what_one_replica_is_given_the_other_has(shared_replicas, replicas_url):
    run(replicas_url, ttl_days=9000)
    first, second = shared_replicas.replicas
    insert_clicks(alone(replicas_url, first), click_row())
    holds_clicks(second, replicas_url, 1)
    for days in (8000, 0):
        run(replicas_url, ttl_days=days)
        for replica in (first, second):
            wait_until(
                lambda replica=replica, days=days: (
                    ttl_of(engines(replica, replicas_url)["clicks"]) == days
                ),
                20,
            )


def test_a_replica_that_joins_gets_the_tables_and_rows_of_the_others(shared_replicas, replicas_url):
    first, second = shared_replicas.replicas
    run(replicas_url)
    insert_clicks(alone(replicas_url, first), click_row())
    second.execute(f"DROP DATABASE {database_name(replicas_url)} SYNC")
    assert run(replicas_url) == []
    assert columns(first, replicas_url) == columns(second, replicas_url)
    assert engines(first, replicas_url) == engines(second, replicas_url)
    holds_clicks(second, replicas_url, 1)


def test_a_single_servers_tables_become_the_first_replica(shared_replicas, replicas_url):
    first, second = shared_replicas.replicas
    first.execute(f"CREATE DATABASE {database_name(replicas_url)}")
    before = alone(replicas_url, first)
    migrate(before, timeout_seconds=20, ttl_days=9000)
    insert_clicks(before, *(click_row() for _ in range(100)))
    assert run(replicas_url, ttl_days=9000) == []
    for replica in (first, second):
        holds_clicks(replica, replicas_url, 100)
        found = engines(replica, replicas_url)
        assert found.keys() == ALL
        assert all(engine.startswith("Replicated") for engine in found.values())
        assert all("window_seconds = 604800" in engine for engine in found.values())
        assert "fsync_after_insert = 1" in found["clicks"]
    assert columns(first, replicas_url) == columns(second, replicas_url)
    assert run(replicas_url, ttl_days=9000) == []


@pytest.mark.parametrize("died_after", ["DETACH TABLE", "ATTACH TABLE"])
def test_a_conversion_that_died_is_gone_on_with(shared_replicas, replicas_url, died_after):
    first, second = shared_replicas.replicas
    first.execute(f"CREATE DATABASE {database_name(replicas_url)}")
    before = alone(replicas_url, first)
    migrate(before, timeout_seconds=20, ttl_days=0)
    insert_clicks(before, click_row())
    ask(first, replicas_url, "DETACH TABLE clicks")
    if died_after == "ATTACH TABLE":
        ask(first, replicas_url, "ATTACH TABLE clicks AS REPLICATED")
    assert run(replicas_url) == []
    for replica in (first, second):
        holds_clicks(replica, replicas_url, 1)


def test_a_conversion_without_keeper_leaves_clicks_as_they_were(shared_replicas, replicas_url):
    first = shared_replicas.replicas[0]
    first.execute(f"CREATE DATABASE {database_name(replicas_url)}")
    before = alone(replicas_url, first)
    migrate(before, timeout_seconds=20, ttl_days=0)
    shared_replicas.keeper.kill()
    with pytest.raises(ClickHouseUnavailable, match=r"not initialized|Coordination|readonly"):
        run(replicas_url)
    assert not [each for each in engines(first, replicas_url).values() if "Replicated" in each]
    insert_clicks(before, click_row())
    shared_replicas.keeper.start()
    wait_until(lambda: is_migrated(replicas_url))
    assert engines(first, replicas_url)["clicks"].startswith("Replicated")


def test_clicks_on_two_servers_are_not_thrown_together(shared_replicas, replicas_url):
    for replica in shared_replicas.replicas:
        replica.execute(f"CREATE DATABASE {database_name(replicas_url)}")
        migrate(alone(replicas_url, replica), timeout_seconds=20, ttl_days=0)
    with pytest.raises(SchemaMismatch, match=r"is no replica of that of 127\.0\.0\.1:\d+: where"):
        run(replicas_url)


def test_a_new_migration_waits_for_all_replicas(shared_replicas, replicas_url, monkeypatch):
    monkeypatch.setattr(migrations, "known", lambda: known()[:5])
    assert len(run(replicas_url)) == 5
    monkeypatch.undo()
    second = shared_replicas.replicas[1]
    second.kill()
    with pytest.raises(ClickHouseUnavailable, match="on all replicas or on none"):
        run(replicas_url)
    second.start()
    assert run(replicas_url) == [one.name for one in known()[5:]]
    second.kill()
    assert run(replicas_url) == []


def test_processes_that_migrate_at_once_leave_one_schema(shared_replicas, replicas_url):
    with ThreadPoolExecutor(4) as threads:
        for days in (9000, 0):
            list(threads.map(lambda _, days=days: run(replicas_url, days), range(4)))
    assert run(replicas_url) == []
    first, second = shared_replicas.replicas
    assert columns(first, replicas_url) == columns(second, replicas_url)
    assert ask(first, replicas_url, "SELECT count() FROM migrations FINAL") == [(len(known()),)]


def test_two_conversions_at_once_leave_one_schema(shared_replicas, replicas_url):
    first, second = shared_replicas.replicas
    first.execute(f"CREATE DATABASE {database_name(replicas_url)}")
    migrate(alone(replicas_url, first), timeout_seconds=20, ttl_days=0)
    insert_clicks(alone(replicas_url, first), click_row())
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: run(replicas_url), range(3)))
    for replica in (first, second):
        holds_clicks(replica, replicas_url, 1)


def test_an_unknown_cluster_is_told_with_those_that_are_known(replicas_url):
    url = of_cluster(replicas_url.partition("?")[0], "hob", "0")
    with pytest.raises(
        ClickHouseRefused, match=r"knows no cluster hob, .* it knows hop, hop_first$"
    ):
        run(url)


def test_shards_that_call_themselves_the_same_are_refused(clickhouse_replicas):
    replicated_servers = clickhouse_replicas()
    first, second = replicated_servers.replicas
    for each in (first, second):
        each.configure(replicated_servers.keeper.port, [[first.port], [second.port]])
        each.restart()
    with pytest.raises(SchemaMismatch, match="the macro shard has to be another on each shard"):
        run(of_cluster(replicated_servers.url("hopline"), "hop", "0"))


@pytest.mark.parametrize(
    ("macros", "words"),
    [
        ({"replica": "r1"}, "each replica needs a macro replica of its own"),
        ({"shard": "02"}, "the macro shard has to be the same on all replicas: .* has 02"),
        ({}, "lacks a macro: its configuration needs <macros>"),
    ],
)
def test_macros_that_would_mix_up_replicas_are_refused(clickhouse_replicas, macros, words):
    replicated_servers = clickhouse_replicas()
    second = replicated_servers.replicas[1]
    second.macros = {**second.macros, **macros} if macros else {}
    replicated_servers.configure()
    second.restart()
    with pytest.raises(SchemaMismatch, match=words):
        run(of_cluster(replicated_servers.url("hopline"), "hop", "0"))


def test_servers_without_keeper_are_refused(clickhouse_replicas):
    replicated_servers = clickhouse_replicas()
    ports = [each.port for each in replicated_servers.replicas]
    for each in replicated_servers.replicas:
        each.configure(None, [ports])
        each.restart()
    with pytest.raises((ClickHouseRefused, ClickHouseUnavailable), match=r"(?i)zookeeper|keeper"):
        run(of_cluster(replicated_servers.url("hopline"), "hop", "0"))


def test_a_replica_that_lags_is_noticed_until_it_has_caught_up(shared_replicas, replicas_url):
    run(replicas_url)
    first, second = shared_replicas.replicas
    ask(second, replicas_url, "SYSTEM STOP FETCHES clicks")
    insert_clicks(alone(replicas_url, first), click_row())
    place = f"127.0.0.1:{second.port}"
    with connect(at_place(replicas_url, place), timeout_seconds=20) as client:
        with pytest.raises(ReplicaBehind, match=f"clicks at {place} lacks what others"):
            catch_up(client, "clicks", most_seconds=0.2)
        client.execute("SYSTEM START FETCHES clicks")
        catch_up(client, "clicks")
        assert client.execute("SELECT count() FROM clicks") == [(1,)]


def test_a_replica_whose_disk_is_lost_is_named_and_replaced_as_the_document_says(
    clickhouse_replicas,
):
    replicas = clickhouse_replicas()
    url = of_cluster(replicas.url("hopline"), "hop", "0")
    run(url)
    first, second = replicas.replicas
    insert_clicks(alone(url, first), click_row())
    holds_clicks(second, url, 1)
    second.kill()
    shutil.rmtree(second.directory / "store")
    second.start()
    with pytest.raises(ClickHouseRefused, match="already exists") as refused:
        run(url)
    assert "SYSTEM DROP REPLICA" in advice(refused.value)
    wait_until(lambda: is_dropped(first))
    assert run(url) == []
    holds_clicks(second, url, 1)


def is_dropped(replica):
    """Drop what Keeper knows of the other; refused for as long as its old session lasts."""
    try:
        replica.execute("SYSTEM DROP REPLICA 'r2' FROM DATABASE hopline")
    except errors.ServerException:
        return False
    return True


def test_a_replica_becomes_a_single_server_again_as_the_document_says(
    shared_replicas, replicas_url
):
    run(replicas_url)
    first = shared_replicas.replicas[0]
    insert_clicks(alone(replicas_url, first), click_row())
    for table in ALL:
        ask(first, replicas_url, f"SYSTEM SYNC REPLICA {table}")
        ask(first, replicas_url, f"DETACH TABLE {table}")
        ask(first, replicas_url, f"ATTACH TABLE {table} AS NOT REPLICATED")
    assert run(alone(replicas_url, first)) == []
    assert not [each for each in engines(first, replicas_url).values() if "Replicated" in each]
    insert_clicks(alone(replicas_url, first), click_row())
    holds_clicks(first, replicas_url, 2)
