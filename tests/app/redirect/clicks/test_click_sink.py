import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.click_sink import ClickSink
from app.redirect.redis.resp import decode_command, encode_command
from app.redirect.spool.file import SpoolError
from app.redirect.spool.retransmit_buffer import RetransmitBuffer
from tests.support.redirect.fakes import FakeBackpressure, FakePipeline
from tests.support.redirect.waiting import wait_until

CLICKS = [bytes(15) + b"%d" % number for number in range(3)]


def command(click_id: bytes) -> bytes:
    return encode_command(b"XADD", b"clicks:stream", b"click_id", click_id.hex().encode())


class FullFile:
    """A disk that takes nothing until there is room."""

    def __init__(self):
        self.taken = []
        self.has_room = False

    def write(self, new, forgotten):
        if not self.has_room:
            raise SpoolError("full", "the disk is full")
        self.taken += [click_id for click_id, _ in new]

    def close(self):
        pass


class World:
    """A sink over a Redis that is away and a disk that is full."""

    def __init__(self):
        self.registry = CollectorRegistry()
        self.pipeline, self.file, self.backpressure = FakePipeline(), FullFile(), FakeBackpressure()
        self.done: list[bytes] = []
        self.backpressure.is_full = True
        self.sink = ClickSink(
            self.pipeline,
            self.file,
            RetransmitBuffer(4),
            self.backpressure,
            RedirectMetrics(self.registry),
            budget_seconds=5,
        )
        self.sink.start()

    def record_all(self):
        for click_id in CLICKS:
            self.sink.recorder.record(command(click_id), lambda: self.done.append(True))
        wait_until(lambda: self.value("hopline_clicks_held") == len(CLICKS))

    def value(self, name, **labels):
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def world():
    return World()


def test_a_click_that_no_disk_takes_is_neither_lost_nor_waited_for(world):
    world.record_all()
    assert world.done == [True] * len(CLICKS)
    assert world.value("hopline_spool_refusals_total", reason="full") == 0
    world.file.has_room = True
    wait_until(lambda: sorted(world.file.taken) == CLICKS)
    world.sink.close(5)
    assert world.value("hopline_clicks_held") == 0


def test_what_waits_in_memory_goes_to_redis_when_it_is_back_first(world):
    world.record_all()
    world.backpressure.is_full = False
    wait_until(lambda: len(world.pipeline.commands) == len(CLICKS))
    for _ in CLICKS:
        world.pipeline.answer(b"1-0")
    taken = [decode_command(command(click_id)) for click_id in CLICKS]
    assert sorted(world.pipeline.commands) == sorted(taken)
    assert world.value("hopline_clicks_total", outcome="confirmed") == len(CLICKS)
    assert world.file.taken == []


def test_what_waits_in_memory_is_on_disk_when_it_ends(world):
    world.record_all()
    world.file.has_room = True
    world.sink.close(5)
    assert sorted(world.file.taken) == CLICKS


def test_what_nothing_takes_at_the_end_is_refused_and_counted(world):
    world.record_all()
    world.sink.close(5)
    assert world.value("hopline_spool_refusals_total", reason="full") == len(CLICKS)
