"""Workers and commands on replicas of ClickHouse that die, lag and lose their Keeper."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis

from app.schema.migrations import migrate, migrate_as_set
from app.stores.clickhouse.connection import connect
from app.stores.keys import ledger_key
from tests.support.clickhouse.replicated import CLUSTER
from tests.support.producers import STREAM, send_clicks
from tests.support.servers import environ_of
from tests.support.worker_processes import Workers, wait_until

GROUP = "analytics-group"
PIECE = 200


@pytest.fixture
def replicas(clickhouse_replicas):
    return clickhouse_replicas()


@pytest.fixture
def settings(make_settings, valkey, replicas):
    return make_settings(
        redis_url=valkey.url,
        clickhouse_url=replicas.url("hopline"),
        clickhouse_cluster=CLUSTER,
        consumers=2,
        insert_seconds=0.2,
        clickhouse_timeout_seconds=10,
        claim_idle_seconds=1.0,
    )


@pytest.fixture
def workers(settings, valkey, tmp_path):
    migrate_as_set(settings)
    with Workers(settings, tmp_path / "workers.log") as started:
        with Redis.from_url(valkey.url) as client:
            wait_until(lambda: client.exists(ledger_key(STREAM, GROUP)))
        yield started


def hopline(settings, *arguments):
    """Run the command; return its exit code and what it wrote."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    command = [Path(sys.executable).parent / "hopline", *arguments]
    ended = subprocess.run(
        command, env=environ_of(**given), capture_output=True, text=True, timeout=240, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


def stored(replica, table="clicks"):
    """Return how many rows there are by FINAL, and how many clicks."""
    with connect(replica.url("hopline"), timeout_seconds=10) as client:
        return client.execute(f"SELECT count(), uniqExact(click_id) FROM {table} FINAL")[0]


def settle(replicas, valkey, sent):
    """Wait until every click is at both replicas, and acked."""
    for replica in replicas.replicas:
        wait_until(lambda replica=replica: stored(replica) == (sent, sent))
    with Redis.from_url(valkey.url) as client:
        wait_until(lambda: client.xpending(STREAM, GROUP)["pending"] == 0)


def test_neither_a_killed_replica_nor_a_killed_keeper_costs_or_doubles_a_click(
    workers, replicas, valkey, settings
):
    sent = 0
    for victim in (*replicas.replicas, replicas.keeper):
        settled = sent
        for piece in range(10):
            sent += len(send_clicks(valkey.url, PIECE))
            if piece == 2:
                wait_until(lambda settled=settled: stored(replicas.replicas[0])[0] > settled)
                victim.kill()
        victim.start()
        settle(replicas, valkey, sent)
    assert "dropped as duplicates" not in workers.log
    exit_code, said = hopline(settings, "audit", "--json")
    assert exit_code == 0, said
    exit_code, said = hopline(settings, "replay", "--since", "1h", "--json")
    assert exit_code == 0, said
    replayed = json.loads(said[said.index("{") : said.rindex("}") + 1])["clicks"]
    assert (replayed["replaced"], replayed["restored"]) == (sent, 0), said
    settle(replicas, valkey, sent)


def test_a_live_table_becomes_replicated_while_clicks_come(
    make_settings, replicas, valkey, settings, tmp_path
):
    first = replicas.replicas[0]
    single = make_settings(
        **{
            name: getattr(settings, name)
            for name in settings.model_fields_set - {"clickhouse_cluster"}
        }
        | {"clickhouse_url": first.url("hopline")}
    )
    migrate(first.url("hopline"), timeout_seconds=20, ttl_days=0)
    sent = 0
    with Workers(single, tmp_path / "workers.log") as workers:
        for piece in range(20):
            sent += len(send_clicks(valkey.url, PIECE))
            if piece == 8:
                wait_until(lambda: stored(first)[0] > 0)
                assert migrate_as_set(settings) == []
        settle(replicas, valkey, sent)
        assert workers.stop() == 0
    for replica in replicas.replicas:
        wait_until(lambda replica=replica: stored(replica, "ledger") == (sent, sent))
    assert hopline(settings, "audit")[0] == 0


def test_the_audit_of_a_replica_that_lags_can_not_tell_yet(workers, replicas, valkey, settings):
    sent = len(send_clicks(valkey.url, PIECE))
    settle(replicas, valkey, sent)
    assert workers.stop() == 0
    first, second = replicas.replicas
    second.execute("SYSTEM STOP FETCHES hopline.ledger")
    # Else the row, whose time is long past, is gone before it is missed.
    for replica in (first, second):
        replica.execute("SYSTEM STOP TTL MERGES hopline.ledger")
    with connect(first.url("hopline"), timeout_seconds=10) as client:
        # Young enough for the ledger: what is too old is forgotten before the other lacks it.
        row = (b"0" * 16, datetime.now(UTC))
        client.execute("INSERT INTO ledger (click_id, time) VALUES", [row])
    at_second = settings.model_copy(update={"clickhouse_url": second.url("hopline")})
    exit_code, said = hopline(at_second, "audit")
    assert (exit_code, "it can't be told yet what is stored" in said) == (1, True), said
    # It was asked once, and not again for each half of the time.
    assert "HOPLINE_CLICKHOUSE_TIMEOUT_SECONDS" not in said


@pytest.mark.timeout(300)
def test_what_is_erased_is_gone_from_every_replica(workers, replicas, valkey, settings):
    clicks = send_clicks(valkey.url, PIECE)
    settle(replicas, valkey, PIECE)
    assert workers.stop() == 0
    chosen = sum(click.short_code == clicks[0].short_code for click in clicks)
    arguments = ("erase", "--code", clicks[0].short_code, "--yes", "--json")
    replicas.replicas[1].kill()
    exit_code, said = hopline(settings, *arguments)
    assert (exit_code, "is away" in said) == (1, True), said
    assert stored(replicas.replicas[0])[0] == PIECE
    replicas.replicas[1].start()
    exit_code, said = hopline(settings, *arguments)
    assert exit_code == 0, said
    assert json.loads(said[said.index("{") : said.rindex("}") + 1])["stored"] == chosen
    for replica in replicas.replicas:
        for table in ("clicks", "ledger"):
            assert stored(replica, table)[0] == PIECE - chosen
            query = f"SELECT count() FROM system.parts WHERE table = '{table}' AND NOT active"
            assert replica.execute(query) == [(0,)]


def test_a_backup_from_replicas_is_whole_and_comes_back(
    workers, replicas, valkey, settings, tmp_path
):
    send_clicks(valkey.url, PIECE)
    settle(replicas, valkey, PIECE)
    assert workers.stop() == 0
    assert hopline(settings, "backup", str(tmp_path / "backup"))[0] == 0
    for table in ("clicks", "ledger"):
        replicas.replicas[0].execute(f"TRUNCATE TABLE hopline.{table}")
    exit_code, said = hopline(settings, "restore", str(tmp_path / "backup"))
    assert exit_code == 0, said
    for replica in replicas.replicas:
        wait_until(lambda replica=replica: stored(replica) == (PIECE, PIECE))
