import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from redis import Redis

from app.links.link import Link, encode
from app.metrics.redirect import RedirectMetrics
from app.redirect.links.lost_changes import LostChangeDetector, is_lost
from app.redirect.links.tracking import Tracking
from app.stores.keys import link_key
from app.stores.redis.address import parse_url
from tests.support.redirect.fakes import FakeClock, FakePipeline
from tests.support.redirect.pipelines import make_pipeline
from tests.support.redirect.waiting import wait_until


class Listener:
    def __init__(self) -> None:
        self.told: list[str] = []

    def watch_began(self) -> None:
        self.told.append("began")

    def watch_ended(self) -> None:
        self.told.append("ended")

    def changed(self, code: str) -> None:
        self.told.append(code)

    def all_changed(self) -> None:
        self.told.append("all")


class World:
    """A detector over a pipeline that the test answers for."""

    def __init__(self, limit: int = 1000) -> None:
        self.registry = CollectorRegistry()
        self.pipeline = FakePipeline()
        self.clock = FakeClock()
        self.listener = Listener()
        self.detector = LostChangeDetector(
            self.listener,
            self.pipeline,
            RedirectMetrics(self.registry),
            seconds=4,
            limit=limit,
            clock=self.clock,
        )
        self.now_held: dict[str, object] = {}
        self.pipeline.call = lambda command, _: self._held(command)
        self.detector.start()

    def change(self, code: str, raw: object) -> None:
        self.detector.changed(code)
        self.pipeline.answer(raw)

    def doubt(self, *, heard_ago: float = 0.0) -> None:
        self.pipeline.heard_at = self.clock.now - heard_ago
        self.detector.doubt()
        gevent.sleep(0.02)

    @property
    def lost(self) -> float:
        return self.registry.get_sample_value("hopline_link_changes_lost_total")

    def _held(self, command: bytes) -> object:
        return next((raw for code, raw in self.now_held.items() if code.encode() in command), None)


def raw(updated_ms: int, **fields: object) -> bytes:
    target = "https://target.example/"
    return encode(Link(code="demo", target=target, created_ms=1, updated_ms=updated_ms, **fields))


@pytest.fixture
def world():
    made = World()
    yield made
    made.detector.close()


def test_a_change_that_is_gone_is_named_and_counted(world, caplog):
    world.change("demo", raw(2, disabled=True))
    world.now_held["demo"] = raw(1)
    world.doubt()
    assert "Redis lost the last change of link 'demo'" in caplog.text
    assert world.lost == 1
    assert world.listener.told == ["demo"]


def test_an_added_link_that_is_gone_is_named(world, caplog):
    world.change("demo", raw(2))
    world.doubt()
    assert "'demo'" in caplog.text


@pytest.mark.parametrize("now", [raw(2), raw(3, disabled=True)], ids=["the same", "newer"])
def test_what_is_there_or_was_changed_since_is_not_lost(world, now):
    world.change("demo", raw(2))
    world.now_held["demo"] = now
    world.doubt()
    assert world.lost == 0


def test_of_several_changes_the_last_counts(world):
    world.change("demo", raw(1))
    world.change("demo", raw(2))
    world.now_held["demo"] = raw(2)
    world.doubt()
    assert world.lost == 0


def test_age_counts_up_to_the_last_reply_of_the_server_that_went_away(world):
    world.change("old", raw(2))
    world.clock.now += 5
    world.change("demo", raw(2))
    world.clock.now += 3600
    world.doubt(heard_ago=3600)
    assert world.lost == 1


def test_a_change_that_could_not_be_read_may_be_lost(world, caplog):
    world.detector.changed("demo")
    world.pipeline.break_off()
    world.now_held["demo"] = raw(1)
    world.doubt()
    assert "may have lost the last change of link 'demo'" in caplog.text


def test_more_changes_than_are_remembered_are_said(caplog):
    world = World(limit=2)
    for code in ("a", "b", "c"):
        world.detector.changed(code)
    assert len(world.pipeline.commands) == 2
    world.doubt()
    assert "More links changed than are remembered" in caplog.text
    world.detector.close()


@given(st.integers(0, 9), st.integers(0, 9))
def test_only_an_older_link_in_place_of_a_newer_one_is_a_loss(before, now):
    assert is_lost("demo", raw(before, title="a"), raw(now, title="b")) == (now <= before)


def test_a_server_that_lost_its_tail_is_found_out(valkey_server, caplog):
    server = valkey_server()
    metrics = RedirectMetrics(CollectorRegistry())
    pipeline = make_pipeline(lambda: parse_url(server.url))
    listener = Listener()
    detector = LostChangeDetector(listener, pipeline, metrics, seconds=60)
    pipeline.on_new_server.append(detector.doubt)
    tracking = Tracking(
        pipeline, detector, name="test", timeout_seconds=30, task_failures=metrics.chore_failures
    )
    with Redis.from_url(server.url) as client:
        client.set(link_key("demo"), raw(1))
        server.finish_writing()
        (log,) = (server.directory / "appendonlydir").glob("*.incr.aof")
        on_disk = log.stat().st_size
        for each in (pipeline, tracking, detector):
            each.start()
        wait_until(lambda: listener.told == ["began"])
        client.set(link_key("demo"), raw(2, disabled=True))
        wait_until(lambda: any(change.is_read for change in detector._changes.values()))
    server.kill()
    with log.open("r+b") as file:
        file.truncate(on_disk)
    gevent.sleep(0.5)
    server.start()
    wait_until(lambda: "Redis lost the last change of link 'demo'" in caplog.text)
    for each in (detector, tracking):
        each.close()
    pipeline.close(0)
