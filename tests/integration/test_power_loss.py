"""ClickHouse's machine loses its power right after clicks were acked."""

import shutil
from dataclasses import replace

import pytest
from redis import Redis

from app.local.clickhouse import embedded_program
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from app.schema.migrations import migrate
from tests.producers import send_clicks
from tests.servers import ClickHouseServer, Server
from tests.unsynced import PowerLoss
from tests.worker_processes import Workers, wait_until

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
        struck = self._power.strike(self.directory / "store")
        self.start()
        return struck


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
def workers(settings, tmp_path):
    with Workers(settings, tmp_path / "workers.log") as workers:
        wait_until(lambda: workers.log.count("reads from") == 2)
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
