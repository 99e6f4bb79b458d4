from collections.abc import Iterator
from contextlib import contextmanager

import gevent
import hiredis
import pytest
from gevent.server import StreamServer
from hypothesis import given, settings
from hypothesis import strategies as st

from app.redirect.redis import pipeline as pipeline_module
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replies import PipelineBroken, PipelineFull, ReplyLate
from app.redirect.redis.resp import encode_command
from app.stores.redis.address import Address
from tests.support.redirect.echo_server import EchoServer, ask, assert_own_or_broken
from tests.support.redirect.faults import failing_once
from tests.support.redirect.pipelines import make_pipeline
from tests.support.redirect.waiting import wait_until


@contextmanager
def connected(server: EchoServer, **options: object) -> Iterator[Pipeline]:
    listener = StreamServer(("127.0.0.1", 0), server.serve)
    listener.start()
    address = Address(port=listener.server_port)
    pipeline = make_pipeline(lambda: address, **options)
    pipeline.start()
    assert pipeline.connected.wait(60)
    try:
        yield pipeline
    finally:
        pipeline.close(0)
        listener.stop(timeout=0)


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 9), max_size=40),
    hang_up_after=st.lists(st.integers(1, 150), max_size=3),
    bursts=st.lists(st.integers(1, 30), min_size=1, max_size=4),
)
def test_everyone_gets_their_own_reply_or_none_however_the_stream_is_cut(
    cuts, hang_up_after, bursts
):
    with connected(EchoServer(cuts, hang_up_after)) as pipeline:
        for burst in bursts:
            assert_own_or_broken(ask(pipeline, burst))
            pipeline.connected.wait(60)


@pytest.mark.parametrize("after", range(1, 22))
def test_a_break_at_any_byte_fails_exactly_those_without_a_whole_reply(after):
    with connected(EchoServer(hang_up_after=[after])) as pipeline:
        got = ask(pipeline, 3)
    whole = after // 7
    assert [replies[0] for replies in got[:whole]] == [b"%d" % n for n in range(whole)]
    assert all(isinstance(replies[0], PipelineBroken) for replies in got[whole:])


def test_an_error_reply_is_handed_on_as_it_is():
    with connected(EchoServer(replies=[b"-OOM command not allowed\r\n"])) as pipeline:
        got = ask(pipeline, 2)
    assert isinstance(got[0][0], hiredis.ReplyError)
    assert got[1] == [b"1"]


@pytest.mark.parametrize(
    "reply",
    [b"?nonsense\r\n", b"+one\r\n+two\r\n"],
    ids=["no RESP at all", "a reply nobody asked for"],
)
def test_a_server_that_breaks_the_protocol_is_left(reply):
    with connected(EchoServer(replies=[reply])) as pipeline:
        ask(pipeline, 1)
        wait_until(lambda: not pipeline.connected.is_set() or pipeline.oldest_age() == 0)
        assert pipeline.connected.wait(60)
        assert_own_or_broken(ask(pipeline, 3))


def test_the_limit_holds_and_ends_with_the_replies():
    with connected(EchoServer(), limit=2) as pipeline:
        got: list[object] = []
        for _ in range(2):
            pipeline.submit(encode_command(b"ECHO", b"x"), got.append)
        with pytest.raises(PipelineFull):
            pipeline.submit(encode_command(b"ECHO", b"x"), got.append)
        wait_until(lambda: len(got) == 2)
        assert_own_or_broken(ask(pipeline, 2))


def submit_until_full(pipeline: Pipeline, command: bytes, got: list[object]) -> int:
    """Return how many bytes were taken, a command in each tick of the loop."""
    for number in range(10_000):
        try:
            pipeline.submit(command, got.append)
        except PipelineFull:
            return number * len(command)
        gevent.sleep(0)
    raise AssertionError("it took them all")


def test_the_limit_in_bytes_ends_with_the_replies():
    command = encode_command(b"ECHO", b"x" * 1_000)
    with connected(EchoServer(), limit_bytes=500) as pipeline:
        got: list[object] = []
        taken = submit_until_full(pipeline, command, got)
        wait_until(lambda: len(got) == taken // len(command))
        assert_own_or_broken(ask(pipeline, 2))


def test_a_server_that_does_not_answer_costs_no_more_than_the_limit_in_bytes():
    command = encode_command(b"ECHO", b"x" * 10_000)
    with connected(EchoServer(is_silent=True), limit_bytes=5_000_000) as pipeline:
        # What has yet to leave with company comes on top.
        assert 4_500_000 < submit_until_full(pipeline, command, []) < 5_500_000


def test_a_hung_server_is_left_and_everyone_told():
    with connected(EchoServer(is_silent=True), timeout_seconds=0.2) as pipeline:
        got = ask(pipeline, 3)
        assert all("no reply for" in str(replies[0]) for replies in got)


def test_the_oldest_age_grows_while_a_command_is_unanswered_and_falls_back():
    server = EchoServer(is_silent=True)
    with connected(server) as pipeline:
        assert pipeline.oldest_age() == 0
        pipeline.submit(encode_command(b"ECHO", b"x"), lambda _: None)
        wait_until(lambda: 0.02 < pipeline.oldest_age() < 2)
    assert pipeline.oldest_age() == 0


def test_a_late_reply_falls_into_the_slot_of_who_left():
    server = EchoServer(replies=[b"", b"$4\r\nlate\r\n$3\r\nown\r\n"])
    with connected(server) as pipeline:
        with pytest.raises(ReplyLate):
            pipeline.call(encode_command(b"ECHO", b"1"), 0.02)
        assert pipeline.call(encode_command(b"ECHO", b"2"), 60) == b"own"


def test_a_killed_caller_does_not_disturb_the_next():
    server = EchoServer(replies=[b"", b"$4\r\nlate\r\n$3\r\nown\r\n"])
    with connected(server) as pipeline:
        caller = gevent.spawn(pipeline.call, encode_command(b"ECHO", b"1"), 5)
        wait_until(lambda: server.batches)
        caller.kill()
        assert pipeline.call(encode_command(b"ECHO", b"2"), 60) == b"own"


def test_call_raises_the_error_reply():
    with (
        connected(EchoServer(replies=[b"-READONLY no\r\n"])) as pipeline,
        pytest.raises(hiredis.ReplyError, match="READONLY"),
    ):
        pipeline.call(encode_command(b"ECHO", b"1"), 60)


def test_a_failing_callback_costs_the_others_nothing(caplog):
    def fail(_: object) -> None:
        raise RuntimeError("a fault of one caller")

    with connected(EchoServer()) as pipeline:
        pipeline.submit(encode_command(b"ECHO", b"x"), fail)
        assert ask(pipeline, 2) == [[b"0"], [b"1"]]
    assert "callback failed" in caplog.text


def test_more_than_the_socket_takes_at_once_is_sent_piece_by_piece():
    with connected(EchoServer()) as pipeline:
        texts = [b"%d" % number * 20_000 for number in range(200)]
        got: list[object] = []
        for text in texts:
            pipeline.submit(encode_command(b"ECHO", text), got.append)
        wait_until(lambda: len(got) == len(texts))
    assert got == texts


def test_commands_of_one_tick_leave_in_one_write():
    server = EchoServer()
    with connected(server) as pipeline:
        greenlets = [gevent.spawn(pipeline.call, encode_command(b"PING"), 5) for _ in range(50)]
        gevent.joinall(greenlets, raise_error=True)
    assert server.batches == [50]


def test_submitting_without_a_connection_is_refused_at_once(free_port):
    address = Address(port=free_port())
    pipeline = make_pipeline(lambda: address, timeout_seconds=0.2)
    pipeline.start()
    gevent.sleep(0.05)
    with pytest.raises(PipelineBroken):
        pipeline.submit(encode_command(b"PING"), lambda _: None)
    pipeline.close(0)


def test_a_pipeline_connects_though_it_had_a_fault(monkeypatch):
    monkeypatch.setattr(pipeline_module, "connect", failing_once(pipeline_module.connect))
    with connected(EchoServer()) as pipeline:
        assert_own_or_broken(ask(pipeline, 3))


def test_a_connection_that_a_fault_makes_useless_is_replaced(monkeypatch):
    monkeypatch.setattr(Pipeline, "_notice_server", failing_once(Pipeline._notice_server))
    with connected(EchoServer()) as pipeline:
        got = ask(pipeline, 3)
    assert [replies[0] for replies in got] == [b"0", b"1", b"2"]


def test_those_who_wait_in_vain_are_told_some_at_a_time():
    tick, told = [0], []

    def count_ticks() -> None:
        while True:
            tick[0] += 1
            gevent.sleep(0)

    with connected(EchoServer()) as pipeline:
        counting = gevent.spawn(count_ticks)
        gevent.sleep(0)
        for _ in range(5000):
            pipeline.submit(encode_command(b"PING"), lambda _: told.append(tick[0]))
        pipeline.reconnect("for a test")
        wait_until(lambda: len(told) == 5000)
        counting.kill()
    assert max(map(told.count, set(told))) <= 1000
