import gevent
import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.recorder import Recorder
from app.redirect.redis.replica_wait import NoReplica
from app.redirect.redis.resp import encode_command
from app.redirect.spool.retransmit_buffer import RetransmitBuffer
from tests.support.redirect.fakes import FakeBackpressure, FakePipeline
from tests.support.redirect.waiting import wait_until

A, B, C, D, E = (bytes([letter]) * 16 for letter in b"abcde")


def command(click_id: bytes) -> bytes:
    return encode_command(b"XADD", b"clicks:stream", b"click_id", click_id.hex().encode())


class FakeSpool:
    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.forgotten: list[bytes] = []

    def append(self, click_id, command, done) -> None:
        self.rows.append(click_id)
        done()

    def put_again(self, clicks, on_put) -> None:
        self.rows += [click_id for click_id, _ in clicks.rows()]
        on_put(None)

    def forget(self, click_id) -> None:
        self.forgotten.append(click_id)


class World:
    """A recorder and all that it touches."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.pipeline = FakePipeline()
        self.spool = FakeSpool()
        self.backpressure = FakeBackpressure()
        self.done: list[bytes] = []
        self.buffer = RetransmitBuffer(4)
        self.recorder = Recorder(
            self.pipeline,
            self.spool,
            self.buffer,
            self.backpressure,
            RedirectMetrics(self.registry),
            budget_seconds=0.01,
        )

    def record(self, click_id: bytes = A) -> None:
        self.recorder.record(command(click_id), lambda: self.done.append(click_id))

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"hopline_{name}_total", labels) or 0


@pytest.fixture
def world() -> World:
    return World()


def test_a_confirmed_click_lets_the_visitor_go_on(world):
    world.record()
    assert world.done == []
    world.pipeline.answer(b"1-1")
    assert world.done == [A]
    assert world.spool.rows == []
    assert world.counted("clicks", outcome="confirmed") == 1


def test_past_the_budget_the_click_goes_to_the_spool_and_the_visitor_on(world, caplog):
    world.record()
    wait_until(lambda: world.done)
    assert world.done == [A]
    assert world.spool.rows == [A]
    assert world.counted("clicks_diverted", reason="over_budget") == 1
    assert "diverted to the spool: over_budget" in caplog.text


def test_a_late_confirmation_takes_the_click_out_of_the_spool(world):
    world.record()
    wait_until(lambda: world.done)
    world.pipeline.answer(b"1-1")
    assert world.spool.forgotten == [A]
    assert world.done == [A]
    assert world.counted("clicks_confirmed_late") == 1
    assert world.counted("clicks", outcome="confirmed") == 0


def test_a_late_failure_leaves_it_there(world):
    world.record()
    wait_until(lambda: world.done)
    world.pipeline.break_off()
    assert world.spool.rows == [A]
    assert world.spool.forgotten == []


def test_no_click_waits_behind_one_that_waits_too_long(world):
    world.pipeline.age = 0.02
    world.record()
    assert world.pipeline.commands == []
    assert world.spool.rows == world.done == [A]
    assert world.counted("clicks_diverted", reason="redis_slow") == 1
    world.pipeline.age = 0
    world.record(B)
    assert len(world.pipeline.commands) == 1


@pytest.mark.parametrize("is_sent", [True, False], ids=["broken on the way", "no connection"])
def test_without_a_connection_clicks_are_spooled(world, is_sent):
    if is_sent:
        world.record()
        world.pipeline.break_off()
    else:
        world.pipeline.break_off()
        world.record()
    assert world.spool.rows == world.done == [A]
    assert world.counted("clicks_diverted", reason="redis_away") == 1


@pytest.mark.parametrize("error", ["OOM used memory", "MISCONF", "READONLY", "LOADING", "ERR new"])
def test_a_click_that_redis_refuses_is_spooled(world, error):
    world.record()
    world.pipeline.answer_error(error)
    assert world.spool.rows == world.done == [A]
    assert world.counted("clicks_diverted", reason="redis_refused") == 1


def test_a_click_that_no_replica_has_in_time_is_spooled_until_one_has(world):
    world.record()
    (told,) = world.pipeline.waiting
    told(NoReplica("no replica has it"))
    assert world.spool.rows == world.done == [A]
    assert world.counted("clicks_diverted", reason="no_replica") == 1
    told(b"1-1")
    assert world.done == [A]
    assert world.spool.forgotten == [A]
    assert world.counted("clicks_confirmed_late") == 1


def test_a_click_that_is_late_before_no_replica_has_it_is_spooled_once(world):
    world.record()
    wait_until(lambda: world.done)
    world.pipeline.answer(NoReplica("no replica has it"))
    assert world.spool.rows == world.done == [A]
    assert world.counted("clicks_diverted", reason="no_replica") == 0


@pytest.mark.parametrize("reason", ["backlog", "memory"])
def test_while_the_stream_or_memory_is_full_clicks_are_spooled(world, reason):
    world.backpressure.is_full, world.backpressure.reason = True, reason
    world.record()
    assert world.pipeline.commands == []
    assert world.spool.rows == world.done == [A]
    assert world.counted("clicks_diverted", reason=reason) == 1


def test_the_last_confirmed_clicks_are_spooled_for_a_new_server(world):
    ids = [A, B]
    for click_id in ids:
        world.buffer.add(command(click_id), 1)
    world.recorder.retransmit()
    assert world.spool.rows == ids
    world.recorder.retransmit()
    assert world.spool.rows == ids


@pytest.mark.parametrize("error", ["MISCONF", "NOREPLICAS"])
def test_refusals_have_what_was_confirmed_before_them_spooled_once(world, error):
    def keep(click_id: bytes) -> None:
        world.buffer.add(command(click_id), 1)

    keep(A)
    for click_id in (B, C):
        world.record(click_id)
        world.pipeline.answer_error(error)
        # What was refused was written to the socket, too.
        keep(click_id)
    assert world.spool.rows == [A, B, C]
    world.record(D)
    world.pipeline.answer(b"1-1")
    keep(D)
    world.record(E)
    world.pipeline.answer_error(error)
    assert world.spool.rows == [A, B, C, B, C, D, E]


def test_a_greenlet_may_wait(world):
    waiting = gevent.spawn(world.recorder.record_and_wait, command(A))
    gevent.sleep(0)
    assert not waiting.ready()
    gevent.get_hub().loop.run_callback(world.pipeline.answer, b"1-1")
    waiting.join(60)
    assert waiting.successful()
    world.pipeline.break_off()
    world.recorder.record_and_wait(command(B))
    assert world.spool.rows == [B]
