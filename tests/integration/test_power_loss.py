"""ClickHouse's machine loses its power right after clicks were acked."""

import shutil
import time
from contextlib import closing
from dataclasses import replace

import pytest
from redis import Redis

from app.audit.factory import open_audit
from app.local.clickhouse import embedded_program
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from app.schema.migrations import migrate
from app.stores.keys import ledger_key
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.power_loss import PowerLoss
from tests.support.producers import send_clicks
from tests.support.servers import ClickHouseServer, Server
from tests.support.worker_processes import Workers, wait_until
from workers.replay.checkpoint import Notes
from workers.replay.replay import make_replay

GROUP = "analytics-group"
STREAM = "clicks:stream"
REPLACED = "SELECT path FROM system.parts WHERE NOT active AND database = 'hopline'"


class Mains(ClickHouseServer):
    """A ClickHouse whose power can be cut."""

    def __init__(self, directory, cache_dir):
        library = fetch(CLICKHOUSE_LIBRARY, cache_dir)
        directory.mkdir()
        self._power = PowerLoss(directory)

        def make_program(at, port):
            program = embedded_program(library, at, port)
            return replace(program, environ={**program.environ, **self._power.environ})

        Server.__init__(self, make_program, directory)

    def lose_power(self):
        """Cut the power and bring it back; return the parts that were harmed.

        Parts that a merge has replaced are gone by then: ClickHouse may remove them at once.
        """
        replaced = [path for (path,) in self.execute(REPLACED)]
        self.kill()
        for path in replaced:
            shutil.rmtree(path)
        store = self.directory / "store"
        removed = self._power.remove_parts(store)
        emptied = self._power.empty_files(store)
        self.start()
        return {*(part.name for part in removed), *(file.parent.name for file in emptied)}


@pytest.fixture
def mains(tmp_path, cache_dir):
    with Mains(tmp_path / "clickhouse", cache_dir) as server:
        migrate(server.url("hopline"), timeout_seconds=30, ttl_days=0)
        yield server


@pytest.fixture
def settings(make_settings, valkey, mains):
    return make_settings(
        redis_url=valkey.url,
        clickhouse_url=mains.url("hopline"),
        consumers=2,
        insert_seconds=0.2,
        claim_idle_seconds=1.0,
    )


@pytest.fixture
def workers(settings, valkey, tmp_path):
    """Workers that have begun their ledger."""
    with Workers(settings, tmp_path / "workers.log") as workers:
        wait_until(lambda: workers.log.count("reads from") >= 2)
        with Redis.from_url(valkey.url) as client:
            wait_until(lambda: client.exists(ledger_key(STREAM, GROUP)))
        yield workers


@pytest.fixture
def finish(valkey, workers):
    """A function that sends clicks and waits until they are acked."""

    def finish(count):
        clicks = send_clicks(valkey.url, count)
        with Redis.from_url(valkey.url) as client:
            wait_until(lambda: is_idle(client))
        return clicks

    return finish


def is_idle(client):
    newest = client.xinfo_stream(STREAM)["last-generated-id"]
    return any(
        not group["pending"] and group["last-delivered-id"] == newest
        for group in client.xinfo_groups(STREAM)
    )


def stored(mains, table="clicks"):
    return mains.execute(f"SELECT uniqExact(click_id) FROM hopline.{table}")[0][0]


def test_every_acked_click_is_on_its_disk(mains, finish):
    for _ in range(4):
        finish(300)
    mains.lose_power()
    assert (stored(mains), stored(mains, "ledger")) == (1200, 1200)


def test_what_was_merged_is_on_its_disk_before_its_sources_are_removed(mains, finish):
    for _ in range(3):
        finish(300)
    for table in ("clicks", "ledger"):
        mains.execute(f"OPTIMIZE TABLE hopline.{table} FINAL")
    mains.lose_power()
    assert (stored(mains), stored(mains, "ledger")) == (900, 900)


def run_audit(settings):
    with closing(connect(settings.redis_url, timeout_seconds=30)) as client:
        call = RedisConnection(client, settings.redis_url, 30).call
        with closing(open_audit(settings, call, (0.2,))) as audit:
            return audit.run()


def replay(settings):
    now_ms = time.time_ns() // 1_000_000
    notes = Notes(now_ms, 0, now_ms, b"0-0", b"%d-0" % (now_ms + 1))
    make_replay(settings, lambda _: None, lambda *_: None, is_dry=False).run(notes)


def test_what_a_server_lost_that_does_not_sync_is_named_and_brought_back(
    mains, settings, valkey, workers, finish
):
    for table in ("clicks", "ledger"):
        mains.execute(f"ALTER TABLE hopline.{table} RESET SETTING fsync_after_insert")
        mains.execute(f"ALTER TABLE hopline.{table} RESET SETTING fsync_part_directory")
    clicks = finish(300)
    assert mains.lose_power()
    assert stored(mains) == 0
    clicks += finish(100)
    found = run_audit(settings)
    lost = {one.click_id for one in found.suspects.missing}
    assert lost == {click.click_id for click in clicks[:300]} == ids(found.replayable)
    assert (found.total.missing, found.total.accepted, found.is_balanced) == (300, 400, False)
    # The workers see it as well.
    with Redis.from_url(valkey.url) as client:
        wait_until(lambda: client.hget(ledger_key(STREAM, GROUP), "missing_clicks") == b"300", 90)
    replay(settings)
    found = run_audit(settings)
    assert found.is_balanced
    assert (found.total.inserted, stored(mains), stored(mains, "ledger")) == (400, 400, 400)


def ids(click_refs):
    return {one.click_id for one in click_refs}
