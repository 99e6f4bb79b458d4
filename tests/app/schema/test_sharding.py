"""Migrations of several shards, on real ones of two replicas each with a real ZooKeeper."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.schema import sharding
from app.schema.layout import Layout
from app.schema.membership import TableServer
from app.schema.migrations import SchemaMismatch, known, migrate, tables
from app.schema.sums import SUM_TABLES
from app.stores.clickhouse.connection import (
    ClickHouseRefused,
    ClickHouseUnavailable,
    connect,
    database_name,
    insert_settings,
    of_cluster,
)
from app.stores.clickhouse.hosts import at_place
from app.stores.clickhouse.shards import SHARDED, local
from tests.support.clickhouse.replicated import FIRST_SHARD
from tests.support.clicks import click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

ALL = {*tables(), *SUM_TABLES, "migrations", *map(local, SHARDED)}
#: Before any shard is added, and young enough for the ledger.
EARLIER = datetime.now(UTC) - timedelta(hours=1)


def run(url, ttl_days=0):
    return migrate(url, timeout_seconds=20, ttl_days=ttl_days)


def ask(replica, url, query, **settings):
    with connect(replica.url(database_name(url)), timeout_seconds=20) as client:
        return client.execute(query, settings=settings)


def engines(replica, url):
    query = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
    query += " AND engine != 'MaterializedView'"
    return dict(ask(replica, url, query))


def columns(replica, url):
    query = (
        "SELECT table, name, type FROM system.columns WHERE database = currentDatabase()"
        " ORDER BY table, name"
    )
    return ask(replica, url, query)


def own(shards, url, table="clicks"):
    """Return how many distinct clicks each shard has, once its replicas have caught up."""
    shards.catch_up(database_name(url))
    query = f"SELECT uniqExact(click_id) FROM {table}_local"
    return [ask(first, url, query)[0][0] for first, *_ in shards.shards]


def whole(replica, url, table="clicks"):
    """Return what a host tells of all shards, by FINAL."""
    return ask(replica, url, f"SELECT count(), uniqExact(click_id) FROM {table} FINAL")[0]


def settle(shards, url, expected, table="clicks"):
    """Wait until every host tells of as many clicks, each once: any replica may have been asked."""
    for replica in shards.replicas:
        wait_until(lambda each=replica: whole(each, url, table) == (expected, expected))


def of_one_shard(shards, url):
    """Return the URL of the first shard alone, as a cluster of its own."""
    ends = ",".join(f"127.0.0.1:{each.port}" for each in shards.shards[0])
    return of_cluster(at_place(url, ends).partition("?")[0], FIRST_SHARD, "0")


def layout(replica, url, table="clicks"):
    query = (
        f"SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = '{table}'"
    )
    return Layout.from_text(ask(replica, url, query)[0][0])


def recent_rows(count, **columns):
    """Return rows of clicks of the last seconds."""
    now = datetime.now(UTC)
    return [click_row(now - timedelta(milliseconds=number), **columns) for number in range(count)]


def insert(url, *rows):
    with connect(url, timeout_seconds=20) as client:
        for table, names in (("ledger", ["click_id", "time"]), ("clicks", list(rows[0]))):
            client.execute(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES",
                [{name: row[name] for name in names} for row in rows],
                settings=insert_settings(client, len(rows)),
            )


def test_every_host_has_its_own_rows_and_all_under_one_name(shared_shards, shards_url):
    assert run(shards_url, ttl_days=9000) == [migration.name for migration in known()]
    assert run(shards_url, ttl_days=9000) == []
    first = shared_shards.replicas[0]
    for replica in shared_shards.replicas:
        found = engines(replica, shards_url)
        assert found.keys() == ALL
        assert columns(replica, shards_url) == columns(first, shards_url)
        for table in SHARDED:
            assert found[table].startswith("Distributed('hop', ")
            assert found[local(table)].startswith("ReplicatedReplacingMergeTree(")
            assert "window_seconds = 604800" in found[local(table)]
        assert "toIntervalDay(9000)" in found["clicks_local"]
        assert layout(replica, shards_url) == Layout(("01", "02"))
        assert ask(replica, shards_url, "SELECT count() FROM migrations FINAL") == [(len(known()),)]
    rows = recent_rows(200)
    insert(shards_url, *rows)
    parts = own(shared_shards, shards_url)
    assert sum(parts) == 200
    assert min(parts) > 50
    assert own(shared_shards, shards_url, "ledger") == parts
    insert(shards_url, *(row | {"country": "FR"} for row in rows))
    settle(shared_shards, shards_url, 200)


def test_an_added_shard_gets_clicks_from_a_moment_on_and_old_ones_stay(
    shared_shards, shards_url, monkeypatch
):
    monkeypatch.setattr(sharding, "AHEAD_SECONDS", 0.0)
    alone = of_one_shard(shared_shards, shards_url)
    run(alone, ttl_days=9000)
    old = [click_row(EARLIER + timedelta(seconds=number)) for number in range(100)]
    insert(alone, *old)
    assert run(shards_url, ttl_days=9000) == []
    assert run(shards_url, ttl_days=9000) == []
    found = {layout(replica, shards_url) for replica in shared_shards.replicas}
    assert [(one.shards, [count for _, count in one.before]) for one in found] == [
        (("01", "02"), [1])
    ]
    first, *_, last = shared_shards.replicas
    assert columns(last, shards_url) == columns(first, shards_url)
    assert own(shared_shards, shards_url) == [100, 0]
    new = recent_rows(100)
    insert(shards_url, *old, *new)
    insert(shards_url, *(row | {"country": "FR"} for row in old))
    parts = own(shared_shards, shards_url)
    assert sum(parts) == 200
    assert 20 < parts[1] < 80
    assert own(shared_shards, shards_url, "ledger") == parts
    settle(shared_shards, shards_url, 200)
    query = "SELECT count() FROM clicks FINAL WHERE country = 'FR'"
    # Replaced by rows of the same clicks, which a replica of the first shard may get later.
    wait_until(lambda: ask(last, shards_url, query) == [(100,)])


@pytest.mark.parametrize(
    "died_after",
    [
        "CREATE TABLE clicks_next AS clicks ENGINE = Distributed('hop', currentDatabase(),"
        " clicks_local, sipHash64(click_id) % 1)",
        "RENAME TABLE clicks TO clicks_local",
    ],
)
def test_a_conversion_that_died_is_gone_on_with(shared_shards, shards_url, monkeypatch, died_after):
    monkeypatch.setattr(sharding, "AHEAD_SECONDS", 0.0)
    alone = of_one_shard(shared_shards, shards_url)
    run(alone)
    insert(alone, click_row(EARLIER))
    ask(shared_shards.replicas[0], shards_url, died_after)
    assert run(shards_url) == []
    for replica in shared_shards.replicas:
        assert engines(replica, shards_url).keys() == ALL
    settle(shared_shards, shards_url, 1)
    assert own(shared_shards, shards_url) == [1, 0]


def sum_up(shards, url):
    """Publish the sums of a day, as they were before its clicks moved."""
    day = datetime.now(UTC).date() - timedelta(days=3)
    values = f"INSERT INTO click_sum_days (day, version, state) VALUES ('{day}', 1, 1)"
    ask(shards.replicas[0], url, values)
    return day


def wait_until_marked(shards, url, day):
    query = f"SELECT day FROM click_marks WHERE day = '{day}'"
    for replica in shards.replicas:
        wait_until(lambda replica=replica: ask(replica, url, query))


def test_clicks_that_came_too_early_are_brought_to_their_shard(
    shared_shards, shards_url, monkeypatch
):
    monkeypatch.setattr(sharding, "AHEAD_SECONDS", -120.0)
    alone = of_one_shard(shared_shards, shards_url)
    run(alone)
    ahead = [
        *recent_rows(50),
        *(click_row(datetime.now(UTC) + timedelta(days=number)) for number in range(50)),
    ]
    insert(alone, *ahead)
    day = sum_up(shared_shards, alone)
    run(shards_url)
    wait_until_marked(shared_shards, shards_url, day)
    parts = own(shared_shards, shards_url)
    assert sum(parts) == 100
    assert min(parts) > 20
    assert own(shared_shards, shards_url, "ledger") == parts
    insert(shards_url, *ahead)
    assert own(shared_shards, shards_url) == parts
    settle(shared_shards, shards_url, 100)
    settle(shared_shards, shards_url, 100, "ledger")


@pytest.mark.parametrize("table", SHARDED)
def test_who_is_killed_while_clicks_are_brought_home_leaves_their_days_to_be_read(
    shared_shards, shards_url, monkeypatch, table
):
    """A deletion marks nothing, and sums of before it are of clicks on two shards."""
    monkeypatch.setattr(sharding, "AHEAD_SECONDS", -4 * 86_400.0)
    alone = of_one_shard(shared_shards, shards_url)
    run(alone)
    before = datetime.now(UTC) - timedelta(days=3)
    insert(alone, *(click_row(before + timedelta(seconds=number)) for number in range(50)))
    run_as_before = TableServer.run

    def run_once_more(server, query, *args, **settings):
        found = run_as_before(server, query, *args, **settings)
        if f"ALTER TABLE {local(table)} DELETE" in query:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(TableServer, "run", run_once_more)
    with pytest.raises(KeyboardInterrupt):
        run(shards_url)
    [[last]] = ask(
        shared_shards.replicas[0],
        shards_url,
        f"SELECT max(marked_at) - now() FROM click_marks WHERE day = '{before:%Y-%m-%d}'",
    )
    assert last > 540
    monkeypatch.setattr(TableServer, "run", run_as_before)
    run(shards_url)
    settle(shared_shards, shards_url, 50)


def test_shards_in_another_order_are_refused(shared_shards, shards_url):
    run(shards_url)
    turned = json.dumps({"shards": ["02", "01"], "before": []})
    for table in SHARDED:
        for replica in shared_shards.replicas:
            ask(replica, shards_url, f"ALTER TABLE {table} MODIFY COMMENT '{turned}'")
    with pytest.raises(SchemaMismatch, match=r"has the shards 01, 02, .* clicks are on 02, 01: "):
        run(shards_url)


def test_a_cluster_that_has_lost_a_shard_is_refused(shared_shards, shards_url):
    run(shards_url)
    with pytest.raises(SchemaMismatch, match="has the shards 01, by their macros, and clicks are"):
        run(of_one_shard(shared_shards, shards_url))


def test_clicks_of_their_own_on_another_shard_are_refused(shared_shards, shards_url):
    second = shared_shards.shards[1][0]
    second.execute(f"CREATE DATABASE {database_name(shards_url)}")
    plain = at_place(shards_url, f"127.0.0.1:{second.port}").partition("?")[0]
    migrate(plain, timeout_seconds=20, ttl_days=0)
    insert_clicks(plain, click_row())
    with pytest.raises(SchemaMismatch, match="has rows of its own, and that is shard 2"):
        run(shards_url)
    assert ask(second, shards_url, "SELECT count() FROM clicks") == [(1,)]


def test_a_host_of_no_shard_is_named(shared_shards, shards_url, shared_clickhouse):
    stranger = f"127.0.0.1:{shared_clickhouse.port}"
    ends = f"127.0.0.1:{shared_shards.replicas[0].port},{stranger}"
    # Whichever is asked first.
    words = f"{stranger}(, which is no host of the cluster| knows no cluster hop)"
    with pytest.raises(ClickHouseRefused, match=words):
        run(at_place(shards_url, ends))


def test_another_table_of_that_name_is_left_alone(shared_shards, shards_url):
    first = shared_shards.replicas[0]
    first.execute(f"CREATE DATABASE {database_name(shards_url)}")
    ask(first, shards_url, "CREATE TABLE clicks (n UInt8) ENGINE = Distributed(hop, default, x)")
    with pytest.raises(SchemaMismatch, match="a Distributed table that Hopline hasn't made"):
        run(shards_url)


def test_shards_are_added_only_while_all_hosts_answer(shared_shards, shards_url):
    alone = of_one_shard(shared_shards, shards_url)
    run(alone)
    insert(alone, click_row(EARLIER))
    shared_shards.catch_up(database_name(shards_url))
    shared_shards.replicas[-1].kill()
    with pytest.raises(ClickHouseUnavailable, match="on all replicas or on none"):
        run(shards_url)
    assert whole(shared_shards.replicas[0], shards_url) == (1, 1)
    shared_shards.replicas[-1].start()
    run(shards_url)
    shared_shards.replicas[0].kill()
    assert run(shards_url) == []


def test_a_third_shard_is_added_to_two_and_clicks_of_before_stay(clickhouse_replicas, monkeypatch):
    monkeypatch.setattr(sharding, "AHEAD_SECONDS", 0.0)
    shards = clickhouse_replicas(1, shards=3)
    ports = [[each.port] for each in shards.replicas]
    url = of_cluster(shards.url("hopline"), "hop", "0")
    of_two = at_place(url, f"127.0.0.1:{ports[0][0]}")
    for each in shards.replicas[:2]:
        each.configure(shards.keeper.port, ports[:2])
        each.restart()
    run(of_two)
    old = recent_rows(100)
    insert(of_two, *old)
    before = [ask(each, url, "SELECT count() FROM clicks_local") for each in shards.replicas[:2]]
    for each in shards.replicas[:2]:
        each.configure(shards.keeper.port, ports)
        each.restart()
    assert run(url) == []
    insert(url, *old, *recent_rows(100))
    settle(shards, url, 200)
    query = f"SELECT count() FROM clicks_local FINAL WHERE time < '{layout_time(shards, url)}'"
    after = [ask(each, url, query) for each in shards.replicas]
    assert after == [*before, [(0,)]]
    assert min(own(shards, url)) > 0


def layout_time(shards, url):
    since_ms = layout(shards.replicas[-1], url).since_ms
    return datetime.fromtimestamp(since_ms / 1000, UTC).isoformat(" ", "milliseconds")[:-6]
