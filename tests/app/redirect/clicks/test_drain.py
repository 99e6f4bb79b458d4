import time
from collections.abc import Callable

import gevent
import orjson
import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from app.audit.spool_note import SpoolNote
from app.clicks.click import new_click_id
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.drain import Drain
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.resp import encode_command
from app.redirect.spool.file import SpoolFile
from app.redirect.spool.retransmit_buffer import RetransmitBuffer
from app.redirect.spool.spool import damage_counter
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.stores.redis.address import parse_url
from tests.support.redirect.fakes import FakeBackpressure
from tests.support.redirect.faults import failing_once
from tests.support.redirect.pipelines import make_pipeline
from tests.support.redirect.waiting import wait_until

STREAM = "clicks:stream"


class Host:
    """A spool directory, and the drains of its workers."""

    def __init__(self, directory, url: str) -> None:
        self.directory = directory
        self.url = url
        self.file = SpoolFile(directory, 1 << 30)
        self.buffer = RetransmitBuffer(60)
        self.backpressure = FakeBackpressure()
        self.open: list[Callable[[], None]] = [self.file.close]

    def start_drain(self, clicks_per_second: int = 100_000, wall_clock=time.time) -> None:
        pipeline = make_pipeline(lambda: parse_url(self.url), on_answered=self.buffer.add)
        pipeline.start()
        self.registry = CollectorRegistry()
        metrics = RedirectMetrics(self.registry)
        drain = Drain(
            SpoolFile(self.directory, 1 << 30, damage_counter(metrics)),
            pipeline,
            XaddEncoder(STREAM, 1_000_000),
            self.backpressure,
            metrics,
            SpoolNote(self.directory),
            clicks_per_second=clicks_per_second,
            wall_clock=wall_clock,
        )
        drain.start()
        self.open += [drain.close, lambda: pipeline.close(0)]

    def spool(self, count: int, age_seconds: float = 10) -> list[bytes]:
        ids = [
            new_click_id(int((time.time() - age_seconds) * 1000), number.to_bytes(10, "big"))
            for number in range(count)
        ]
        head = (b"XADD", b"some:other:stream", b"MAXLEN", b"~", b"9", b"*")
        self.file.write(
            [(each, encode_command(*head, b"click_id", each.hex().encode())) for each in ids]
        )
        return ids

    def sent(self) -> list[bytes]:
        with Redis(port=parse_url(self.url).port) as client:
            entries = client.xrange(STREAM)
        return [bytes.fromhex(fields[b"click_id"].decode()) for _, fields in entries]


@pytest.fixture
def host(tmp_path, redis_url):
    made = Host(tmp_path / "spool", redis_url)
    yield made
    for close in reversed(made.open):
        close()


def test_spooled_clicks_reach_the_stream_in_order_and_leave_the_spool(host):
    ids = host.spool(1200)
    host.start_drain()
    wait_until(lambda: host.file.count() == 0)
    assert host.sent() == ids
    # Redis may yet lose these, too.
    again = [click_id for each in host.buffer.take(0) for click_id, _ in each.rows()]
    assert again == ids


def test_how_many_clicks_wait_is_noted_beside_the_spool(host):
    def noted() -> int | None:
        path = SpoolNote(host.directory).path
        return orjson.loads(path.read_bytes())["waiting"] if path.exists() else None

    host.backpressure.is_full = True
    host.spool(7)
    host.start_drain()
    wait_until(lambda: noted() == 7)
    host.backpressure.is_full = False
    wait_until(lambda: noted() == 0)


def test_two_workers_do_not_drain_the_same_clicks(host):
    ids = host.spool(1500)
    host.start_drain()
    host.start_drain()
    wait_until(lambda: host.file.count() == 0)
    assert host.sent() == ids


def test_the_rate_is_kept(host):
    host.spool(60)
    began = time.monotonic()
    host.start_drain(clicks_per_second=40)
    wait_until(lambda: host.file.count() == 0)
    assert time.monotonic() - began > 1


def test_a_click_that_may_still_be_confirmed_is_left_for_a_moment(host):
    now = time.time()
    host.spool(1, age_seconds=0)
    old = host.spool(1)
    host.start_drain(wall_clock=lambda: now)
    wait_until(lambda: host.file.count() == 1)
    gevent.sleep(1.2)
    assert host.sent() == old


@pytest.mark.parametrize("step_seconds", [5, 3600])
def test_clicks_from_before_the_clock_was_set_back_are_drained_at_once(host, step_seconds):
    ids = host.spool(3, age_seconds=-step_seconds)
    host.start_drain()
    wait_until(lambda: host.file.count() == 0)
    assert host.sent() == ids


def test_what_is_no_click_is_said_and_stands_in_nobodys_way(host, caplog):
    host.file.write([(b"\x00" * 16, b"no command at all")])
    ids = host.spool(3)
    host.start_drain()
    wait_until(lambda: host.sent() == ids)
    wait_until(lambda: host.file.count() == 0)
    assert "not a command" in caplog.text


def test_while_redis_takes_nothing_clicks_stay_in_the_spool(host):
    ids = host.spool(3)
    with Redis(port=parse_url(host.url).port) as client:
        client.config_set("maxmemory", 1)
        try:
            host.start_drain()
            gevent.sleep(1.2)
            assert host.file.count() == 3
        finally:
            client.config_set("maxmemory", 0)
    wait_until(lambda: host.file.count() == 0)
    assert host.sent() == ids


def test_the_filling_of_the_spool_is_shown(host):
    host.spool(30, age_seconds=100)
    host.backpressure.is_full = True
    host.start_drain()
    shown = {
        name: lambda name=name: host.registry.get_sample_value(f"hopline_spool_{name}")
        for name in ("clicks", "bytes", "oldest_seconds")
    }
    wait_until(lambda: shown["clicks"]() == 30)
    assert 4096 <= shown["bytes"]() < 1 << 20
    assert 100 <= shown["oldest_seconds"]() < 160
    host.backpressure.is_full = False
    wait_until(lambda: shown["clicks"]() == shown["oldest_seconds"]() == 0)


def test_while_redis_is_full_clicks_stay_in_the_spool(host):
    ids = host.spool(3)
    host.backpressure.is_full = True
    host.start_drain()
    gevent.sleep(1.2)
    assert host.sent() == []
    host.backpressure.is_full = False
    wait_until(lambda: host.file.count() == 0)
    assert host.sent() == ids


def test_an_unusable_spool_is_said(tmp_path, redis_url, caplog):
    (tmp_path / "spool").write_text("in the way")
    host = Host(tmp_path / "spool", redis_url)
    host.start_drain()
    wait_until(lambda: "can't be drained" in caplog.text)
    for close in reversed(host.open):
        close()


def test_a_fault_of_ours_ends_no_drain(host, monkeypatch, caplog):
    ids = host.spool(3)
    monkeypatch.setattr(SpoolFile, "oldest", failing_once(SpoolFile.oldest))
    host.start_drain()
    wait_until(lambda: host.file.count() == 0)
    assert set(host.sent()) == set(ids)
    failures = host.registry.get_sample_value("hopline_chore_failures_total", {"chore": "drain"})
    assert failures == 1
    assert "ZeroDivisionError: for a test" in caplog.text


def test_what_only_a_former_server_confirmed_stays_in_the_spool(host, monkeypatch):
    ids = host.spool(3)
    numbers = iter([0, 1])
    monkeypatch.setattr(
        Pipeline, "server_number", property(lambda _: next(numbers, 1), _ignore), raising=False
    )
    host.start_drain()
    wait_until(lambda: len(host.sent()) == 6)
    wait_until(lambda: host.file.count() == 0)
    assert host.sent() == ids * 2


def test_clicks_that_were_deleted_while_another_server_began_to_answer_are_put_back(
    host, monkeypatch
):
    ids = host.spool(3)
    numbers = iter([0, 0, 1])
    monkeypatch.setattr(
        Pipeline, "server_number", property(lambda _: next(numbers, 1), _ignore), raising=False
    )
    host.start_drain()
    wait_until(lambda: len(host.sent()) == 6)
    wait_until(lambda: host.file.count() == 0)
    assert host.sent() == ids * 2


def _ignore(*_: object) -> None:
    """Let nobody set it."""
