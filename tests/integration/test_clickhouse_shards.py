"""Workers, reports and commands on two shards of two replicas that die, go away and are added."""

import json
import subprocess
import sys
import time
import warnings
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from clickhouse_driver import errors
from redis import Redis

from app.clicks.click import to_fields
from app.config.shards import written_shards
from app.health.clickhouse.server import clickhouse_checks
from app.reports.filters import Condition, Dimension
from app.reports.query import Query
from app.reports.reading.reader import Reports
from app.schema import sharding
from app.schema.layout import Layout
from app.schema.migrations import migrate, migrate_as_set
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect, insert_settings
from app.stores.clickhouse.hosts import at_place, places
from tests.support.clickhouse.replicated import CLUSTER, FIRST_SHARD
from tests.support.clicks import NOON, bot_row, click_row
from tests.support.producers import make_click
from tests.support.servers import environ_of
from tests.support.worker_processes import Workers, wait_until

GROUP = "analytics-group"
PIECE = 200
BY = get_args(Dimension)


@pytest.fixture
def shards(shared_shards):
    shared_shards.ensure_running()
    yield shared_shards
    shared_shards.ensure_running()
    shared_shards.drop("hopline")


@pytest.fixture
def settings(make_settings, valkey, shards):
    return make_settings(
        redis_url=valkey.url,
        clickhouse_url=shards.url("hopline"),
        clickhouse_cluster=CLUSTER,
        consumers=5,
        stream_shards=4,
        insert_seconds=0.2,
        clickhouse_timeout_seconds=10,
        claim_idle_seconds=1.0,
    )


def hopline(settings, *arguments):
    """Run the command; return its exit code and what it wrote."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    command = [Path(sys.executable).parent / "hopline", *arguments]
    with subprocess.Popen(
        command,
        env=environ_of(**given),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        try:
            said, _ = running.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            running.kill()
            pytest.fail(f"{arguments} goes on and on: {running.communicate()[0]}{work(settings)}")
    return running.returncode, said


def work(settings):
    """Return what each server is at, for whoever looks for the reason of a failure."""
    queries = (
        "SELECT * FROM system.mutations WHERE NOT is_done",
        "SELECT * FROM system.replication_queue",
        "SELECT table, name, refcount FROM system.parts WHERE database = 'hopline' AND NOT active",
        "SELECT elapsed, query FROM system.processes",
    )
    said = []
    for place in places(settings.clickhouse_url):
        with connect(at_place(settings.clickhouse_url, place), timeout_seconds=10) as client:
            said += [f"{place}: {client.execute(query)}" for query in queries]
    return "\n".join(said)


def as_json(said):
    return json.loads(said[said.index("{") : said.rindex("}") + 1])


def send(settings, count=PIECE):
    """Send new clicks to the streams in turn; return them."""
    clicks = [make_click() for _ in range(count)]
    streams = [shard.stream for shard in written_shards(settings)]
    with Redis.from_url(settings.redis_url) as client:
        pipeline = client.pipeline(transaction=False)
        for number, click in enumerate(clicks):
            pipeline.xadd(streams[number % len(streams)], dict(to_fields(click)))
        pipeline.execute()
    return clicks


def stored(replica, table="clicks"):
    """Return how many rows there are by FINAL, and how many clicks; None while a shard is away."""
    try:
        with connect(replica.url("hopline"), timeout_seconds=10) as client:
            return client.execute(f"SELECT count(), uniqExact(click_id) FROM {table} FINAL")[0]
    except (errors.Error, OSError):
        return None


def settle(shards, sent):
    """Wait until every host knows of every click once."""
    for replica in shards.replicas:
        wait_until(lambda replica=replica: stored(replica) == (sent, sent))


def test_faults_neither_cost_nor_double_a_click(settings, shards, tmp_path):
    migrate_as_set(settings)
    faults = (
        [shard[0] for shard in shards.shards],
        [shards.keeper],
        shards.shards[1],
    )
    sent = 0
    with Workers(settings, tmp_path / "workers.log") as workers:
        for victims in faults:
            sent += len(send(settings))
            left = next(one for one in reversed(shards.shards[0]) if one not in victims)
            wait_until(lambda sent=sent, left=left: stored(left) == (sent, sent))
            # What only a victim has would be away with it.
            shards.catch_up("hopline")
            for victim in victims:
                victim.kill()
            for _ in range(5):
                sent += len(send(settings))
            if victims == faults[0]:
                wait_until(lambda sent=sent, left=left: stored(left) == (sent, sent))
            for victim in victims:
                victim.start()
            settle(shards, sent)
        assert "dropped as duplicates" not in workers.log
        wait_until(lambda: hopline(settings, "audit")[0] == 0)
    exit_code, said = hopline(settings, "replay", "--since", "1h", "--json")
    assert exit_code == 0, said
    replayed = as_json(said)["clicks"]
    assert (replayed["replaced"], replayed["restored"]) == (sent, 0), said
    settle(shards, sent)
    assert hopline(settings, "audit")[0] == 0
    checks = clickhouse_checks(settings.clickhouse_server, timeout_seconds=10, ttl_days=0)
    assert {check.name: check.text for check in checks if check.state != "ok"} == {}


def test_a_shard_is_added_while_clicks_come(settings, shards, tmp_path, monkeypatch):
    monkeypatch.setattr(sharding, "AHEAD_SECONDS", 3.0)
    ends = ",".join(f"127.0.0.1:{each.port}" for each in shards.shards[0])
    before = settings.model_copy(
        update={
            "clickhouse_url": at_place(settings.clickhouse_url, ends),
            "clickhouse_cluster": FIRST_SHARD,
        }
    )
    migrate_as_set(before)
    sent = 0
    with Workers(before, tmp_path / "workers.log") as workers:
        for piece in range(30):
            sent += len(send(before))
            if piece == 8:
                wait_until(lambda: (stored(shards.replicas[0]) or (0,))[0] > 0)
                assert migrate_as_set(settings) == []
        layout = layout_at(shards.replicas[-1])
        assert layout.shards == ("01", "02")
        wait_until(lambda: time.time() * 1000 > layout.since_ms)
        sent += len(send(before))
        settle(shards, sent)
        # With the settings of before, as the workers.
        wait_until(lambda: hopline(before, "audit")[0] == 0)
        assert "dropped as duplicates" not in workers.log
        assert workers.stop() == 0
    query = "SELECT count() FROM hopline.clicks_local FINAL"
    assert 0 < shards.replicas[-1].execute(query)[0][0] < sent
    exit_code, said = hopline(settings, "replay", "--since", "1h", "--json")
    assert (exit_code, as_json(said)["clicks"]["replaced"]) == (0, sent), said
    settle(shards, sent)
    wait_until(lambda: hopline(settings, "audit")[0] == 0)


def layout_at(replica):
    query = "SELECT comment FROM system.tables WHERE database = 'hopline' AND name = 'clicks'"
    return Layout.from_text(replica.execute(query)[0][0])


# A server looks for files to remove every 30 to 40 s, and a busy machine takes longer.
@pytest.mark.timeout(600)
def test_clicks_of_all_shards_are_backed_up_erased_and_brought_back(settings, shards, tmp_path):
    migrate_as_set(settings)
    with Workers(settings, tmp_path / "workers.log") as workers:
        clicks = send(settings)
        settle(shards, PIECE)
        assert workers.stop() == 0
    assert hopline(settings, "backup", str(tmp_path / "backup"))[0] == 0
    code = clicks[0].short_code
    chosen = sum(click.short_code == code for click in clicks)
    arguments = ("erase", "--code", code, "--yes", "--json")
    shards.replicas[-1].kill()
    exit_code, said = hopline(settings, *arguments)
    assert (exit_code, "is away" in said) == (1, True), said
    assert stored(shards.replicas[0]) == (PIECE, PIECE)
    shards.replicas[-1].start()
    exit_code, said = hopline(settings, *arguments)
    if exit_code == 1 and "run this again" in said:
        warnings.warn(said + work(settings), stacklevel=1)
        exit_code, said = hopline(settings, *arguments)
    else:
        assert as_json(said)["stored"] == chosen, said
    assert exit_code == 0, said
    for replica in shards.replicas:
        for table in ("clicks", "ledger"):
            assert stored(replica, table)[0] == PIECE - chosen
            query = f"SELECT count() FROM system.parts WHERE table = '{table}_local' AND NOT active"
            assert replica.execute(query) == [(0,)]
    exit_code, said = hopline(settings, "restore", str(tmp_path / "backup"))
    assert exit_code == 0, said
    settle(shards, PIECE)


def rows_with_copies():
    """Return rows of some links over three months, some there again with newer enrichment."""
    rows = [
        (bot_row if number % 5 == 0 else click_row)(
            NOON + timedelta(hours=7 * number),
            short_code=f"code{number % 3}",
            country=("DE", "FR", "")[number % 3],
            browser=f"browser {number % 7}",
            visitor_id=number % 40,
            referrer_host=f"site{number % 11}.example",
        )
        for number in range(300)
    ]
    newer = [
        row | {"country": "JP", "is_bot": not row["is_bot"], "enriched_at": NOON + timedelta(1000)}
        for row in rows[::4]
    ]
    return [*rows, *newer, *rows[::3]]


def insert(url, rows):
    """Insert rows in two batches, so that copies are in parts of their own."""
    for piece in (rows[:300], rows[300:]):
        with connect(url, timeout_seconds=20) as client:
            settings = insert_settings(client, len(piece))
            query = f"INSERT INTO clicks ({', '.join(piece[0])}) VALUES"
            client.execute(query, piece, settings=settings)


def reports_of(url):
    """Return what is said to a range of questions, without what it cost to find out."""
    since, until = NOON + timedelta(days=3), NOON + timedelta(days=60)
    questions = [
        Query(codes=("code1",), by=BY, limit=5),
        Query(codes=("code0", "code2"), since=since, until=until, by=BY, interval="day"),
        Query(by=BY, interval="month", order="clicks", limit=3),
        Query(since=since, until=until, by=BY, compare="previous", order="rise"),
        Query(filter=Condition("country", "!=", ("DE",)), by=("link", "kind"), order="visitors"),
        Query(codes=("nobody",)),
    ]
    with Reports(url, timeout_seconds=20) as reports:
        now = NOON + timedelta(days=100)
        answers = [reports.ask(question, now) for question in questions]
    return [asdict(answer) | {"source": answer.source.newest_click} for answer in answers]


def test_every_report_is_the_one_of_a_single_server(settings, shards, clickhouse_url):
    migrate_as_set(settings)
    migrate(clickhouse_url, timeout_seconds=20, ttl_days=0)
    rows = rows_with_copies()
    insert(settings.clickhouse_server, rows)
    insert(clickhouse_url, rows)
    shards.catch_up("hopline")
    expected = reports_of(clickhouse_url)
    for replica in shards.replicas:
        found = reports_of(at_place(settings.clickhouse_server, f"127.0.0.1:{replica.port}"))
        assert found == expected
    for replica in shards.shards[1]:
        replica.kill()
    left = at_place(settings.clickhouse_server, f"127.0.0.1:{shards.replicas[0].port}")
    with pytest.raises(ClickHouseUnavailable, match="All connection tries failed"):
        reports_of(f"{left}&skip_unavailable_shards=1")
