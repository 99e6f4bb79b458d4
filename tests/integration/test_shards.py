"""Growing from one stream to four and back under load: no request fails, no click is lost."""

import http.client
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.audit.audit import Findings
from app.audit.factory import open_audit
from app.config.settings import Settings
from app.config.shards import shards_of, written_shards
from app.health.redis.shards import shard_checks
from app.health.worker_status import WorkerStates, readers
from app.links.link import Link, encode
from app.stores.clickhouse.connection import connect
from app.stores.keys import link_key
from app.stores.redis.client import connect as connect_redis
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM, send_clicks
from tests.support.redirect_servers import RedirectServer
from tests.support.worker_processes import Workers, wait_until

GROUP = "analytics-group"
FOREIGN_AT_ONCE = 20


class Visitors:
    """Visit a link over connections that are new each time, and keep account of the answers."""

    def __init__(self, port: int, redis_url: str) -> None:
        self.answered: list[str] = []
        self.failed: list[str] = []
        self.foreign: list[bytes] = []
        self._port = port
        self._redis_url = redis_url
        self._over = threading.Event()
        self._threads = [
            *(threading.Thread(target=self._visit, args=(number,)) for number in range(2)),
            threading.Thread(target=self._produce),
        ]

    def __enter__(self) -> "Visitors":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def come_on(self) -> None:
        """Wait until so many more have come that each worker has seen some."""
        seen = len(self.answered)
        wait_until(lambda: len(self.answered) > seen + 200)

    def _visit(self, number: int) -> None:
        count = 0
        while not self._over.wait(0.01):
            count += 1
            referrer = f"https://visitor{number}.example/{count}"
            try:
                self.answered.append(self._ask(referrer))
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failed.append(f"{referrer}: {error!r}")

    def _ask(self, referrer: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        fields = {"User-Agent": "Mozilla/5.0 Firefox/140.0", "Connection": "close"}
        connection.request("GET", "/abc", headers={**fields, "Referer": referrer})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 302
        return referrer

    def _produce(self) -> None:
        """Be a producer that knows of no shards."""
        while not self._over.wait(0.5):
            clicks = send_clicks(self._redis_url, FOREIGN_AT_ONCE)
            self.foreign += [click.click_id for click in clicks]


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.env"
    path.write_text("HOPLINE_CONSUMERS=2\n")
    return path


@pytest.fixture
def settings(make_settings, valkey, clickhouse, settings_file) -> Settings:
    return make_settings(
        redis_url=valkey.url,
        clickhouse_url=clickhouse.url("hopline"),
        settings_file=settings_file,
        insert_seconds=0.2,
        block_ms=500,
        clickhouse_timeout_seconds=10,
        claim_idle_seconds=1.0,
        replay_horizon_seconds=1.0,
    )


@pytest.fixture
def redis(valkey) -> Iterator[Redis]:
    with Redis.from_url(valkey.url) as client:
        link = Link(code="abc", target="https://example.com/", created_ms=1, updated_ms=1)
        client.set(link_key("abc"), encode(link))
        yield client


def audit(settings: Settings) -> Findings:
    with connect_redis(settings.redis_url, timeout_seconds=30) as client:
        call = RedisConnection(client, settings.redis_url, 30).call
        audit = open_audit(settings, call, (0.5, 1.0, 2.0))
        found = audit.run()
        audit.close()
        return found


def reload_workers(workers: Workers, settings: Settings) -> None:
    """Have workers read their settings again; wait until each stream has its readers."""
    workers.signal(signal.SIGHUP)
    shards = shards_of(settings)

    def is_read() -> bool:
        with connect_redis(settings.redis_url, timeout_seconds=30) as client:
            states = WorkerStates(client, settings.redis_url, STREAM, GROUP).all()
        count = readers(states, STREAM)
        is_settled = all(state.state == "running" for state in states)
        return is_settled and count.keys() == {shard.stream for shard in shards}

    wait_until(is_read)


def reload_redirect(redirect: RedirectServer) -> None:
    """Have redirect workers read their settings again; wait until none of before is left."""
    before = redirect.log.count("Booting worker")
    redirect.signal(signal.SIGHUP)
    wait_until(lambda: redirect.log.count("Booting worker") >= before + 2)
    wait_until(lambda: redirect.log.count("Worker exiting") >= before)


def test_growing_to_four_shards_and_back_under_load_loses_and_doubles_nothing(
    settings, settings_file, redis, valkey, clickhouse, tmp_path
) -> None:
    four = settings.model_copy(update={"stream_shards": 4, "consumers": 5})
    tagged = [shard.stream for shard in written_shards(four)]
    with (
        RedirectServer(
            tmp_path / "redirect",
            valkey.url,
            redirect_workers=2,
            settings_file=settings_file,
        ) as redirect,
        Workers(settings, tmp_path / "workers.log") as workers,
    ):
        with Visitors(redirect.port, valkey.url) as visitors:
            visitors.come_on()
            settings_file.write_text("HOPLINE_STREAM_SHARDS=4\nHOPLINE_CONSUMERS=5\n")
            reload_workers(workers, four)
            reload_redirect(redirect)
            for consumer in workers.consumers()[1:3]:
                consumer.kill()
                visitors.come_on()
            wait_until(lambda: sum(map(redis.exists, tagged)) == 4)
            wait_until(lambda: sum(redis.xlen(stream) > 0 for stream in tagged) >= 2)
            found = audit(four)
            assert found.is_balanced, found.suspects
            settings_file.write_text("HOPLINE_STREAM_SHARDS=1\nHOPLINE_CONSUMERS=2\n")
            reload_redirect(redirect)
            visitors.come_on()
            wait_until(lambda: "HOPLINE_STREAM_SHARDS=1 will do" in told(settings, four))
            reload_workers(workers, settings)
            visitors.come_on()
        accepted = len(visitors.answered) + len(visitors.foreign)
        wait_until(lambda: stored(clickhouse, "uniqExact(click_id)") == [(accepted,)])
        assert workers.stop() == 0
    assert visitors.failed == []
    rows = stored(clickhouse, "referrer", "WHERE referrer_host LIKE 'visitor%'")
    assert sorted(referrer for (referrer,) in rows) == sorted(visitors.answered)
    rows = stored(clickhouse, "hex(click_id)", "WHERE referrer_host LIKE 'site%'")
    assert sorted(rows) == sorted((one.hex().upper(),) for one in visitors.foreign)
    assert audit(settings).is_balanced
    assert not any(redis.xlen(stream) for stream in tagged)


def told(settings: Settings, seen: Settings) -> str:
    """Return what doctor says about shards."""
    with connect_redis(settings.redis_url, timeout_seconds=30) as client:
        checks = shard_checks(client, settings.redis_url, seen)
        return next(check.text for check in checks if check.name == "shards")


def stored(clickhouse, what: str, condition: str = "") -> list[tuple[object, ...]]:
    with connect(clickhouse.url("hopline"), timeout_seconds=10) as client:
        return client.execute(f"SELECT {what} FROM clicks FINAL {condition}")
