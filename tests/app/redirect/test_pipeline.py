import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import gevent
import hiredis
import pytest
from gevent import socket, ssl
from gevent.server import StreamServer
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from app.redirect.pipeline import (
    Pipeline,
    PipelineBroken,
    PipelineFull,
    ReplyLate,
)
from app.redirect.resp import encode_command
from app.redis import Address, parse_url


@dataclass
class EchoServer:
    """Answers ECHO in pieces of the given sizes, and hangs up after some bytes of answers."""

    cuts: list[int] = field(default_factory=list)
    hang_up_after: list[int] = field(default_factory=list)
    is_silent: bool = False
    replies: list[bytes] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def serve(self, client, _address) -> None:
        patience = self.hang_up_after.pop(0) if self.hang_up_after else None
        reader = hiredis.Reader()
        self._greet(client, reader)
        while received := client.recv(65536):
            reader.feed(received)
            commands = list(_commands(reader))
            self.batches.append(len(commands))
            answer = b"".join(map(self._answer, commands))
            if not self._send(client, answer[:patience]):
                return
            if patience is not None:
                patience -= len(answer)
                if patience <= 0:
                    return

    def _greet(self, client, reader) -> None:
        commands: list[list[bytes]] = []
        while len(commands) < 3:
            reader.feed(client.recv(65536))
            commands += _commands(reader)
        client.sendall(b"+OK\r\n" + b"$0\r\n\r\n" * 2)

    def _answer(self, command: list[bytes]) -> bytes:
        if self.is_silent:
            return b""
        if self.replies:
            return self.replies.pop(0)
        return b"$%d\r\n%b\r\n" % (len(command[-1]), command[-1])

    def _send(self, client, answer: bytes) -> bool:
        cuts = list(self.cuts)
        while answer:
            size = cuts.pop(0) if cuts else len(answer)
            try:
                client.sendall(answer[:size])
            except OSError:
                return False
            answer = answer[size:]
            gevent.sleep(0)
        return True


def _commands(reader: hiredis.Reader) -> Iterator[list[bytes]]:
    while (command := reader.gets()) is not False:
        yield command


@contextmanager
def connected(server: EchoServer, **options: object) -> Iterator[Pipeline]:
    listener = StreamServer(("127.0.0.1", 0), server.serve)
    listener.start()
    address = Address(port=listener.server_port)
    pipeline = Pipeline(lambda: address, name="test", **{"timeout_seconds": 2.0, **options})
    pipeline.start()
    assert pipeline.connected.wait(5)
    try:
        yield pipeline
    finally:
        pipeline.close(0)
        listener.stop(timeout=0)


def ask(pipeline: Pipeline, count: int) -> list[list[object]]:
    """Submit ECHO 0, 1, 2 …; return what each caller gets, once all have got something."""
    got: list[list[object]] = [[] for _ in range(count)]
    for number in range(count):
        try:
            pipeline.submit(encode_command(b"ECHO", b"%d" % number), got[number].append)
        except PipelineBroken as error:
            got[number].append(error)
    wait_until(lambda: all(got))
    return got


def wait_until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        gevent.sleep(0.002)


def assert_own_or_broken(got: list[list[object]]) -> None:
    for number, replies in enumerate(got):
        assert len(replies) == 1
        assert replies[0] == b"%d" % number or isinstance(replies[0], PipelineBroken)


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
            pipeline.connected.wait(5)


@pytest.mark.parametrize("after", range(1, 22))
def test_a_break_at_any_byte_fails_exactly_those_without_a_whole_reply(after):
    with connected(EchoServer(hang_up_after=[after])) as pipeline:
        got = ask(pipeline, 3)
    whole = after // 7
    assert [replies[0] for replies in got[:whole]] == [b"%d" % n for n in range(whole)]
    assert all(isinstance(replies[0], PipelineBroken) for replies in got[whole:])


def test_an_error_reply_is_handed_over_as_it_is():
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
        assert pipeline.connected.wait(5)
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
        assert pipeline.call(encode_command(b"ECHO", b"2"), 2) == b"own"


def test_a_killed_caller_does_not_disturb_the_next():
    server = EchoServer(replies=[b"", b"$4\r\nlate\r\n$3\r\nown\r\n"])
    with connected(server) as pipeline:
        caller = gevent.spawn(pipeline.call, encode_command(b"ECHO", b"1"), 5)
        gevent.sleep(0.02)
        caller.kill()
        assert pipeline.call(encode_command(b"ECHO", b"2"), 2) == b"own"


def test_call_raises_the_error_reply():
    with (
        connected(EchoServer(replies=[b"-READONLY no\r\n"])) as pipeline,
        pytest.raises(hiredis.ReplyError, match="READONLY"),
    ):
        pipeline.call(encode_command(b"ECHO", b"1"), 2)


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
    pipeline = Pipeline(lambda: address, name="test", timeout_seconds=0.2)
    pipeline.start()
    gevent.sleep(0.05)
    with pytest.raises(PipelineBroken):
        pipeline.submit(encode_command(b"PING"), lambda _: None)
    pipeline.close(0)


def test_it_comes_back_after_a_killed_server_and_tells_of_the_new_one(any_redis_server):
    server = any_redis_server()
    told: list[bool] = []
    pipeline = Pipeline(lambda: parse_url(server.url), name="test", timeout_seconds=2)
    pipeline.on_new_server = lambda: told.append(pipeline.connected.is_set())
    pipeline.start()
    assert pipeline.connected.wait(5)
    server.kill()
    wait_until(lambda: not pipeline.connected.is_set())
    assert told == []
    server.start()
    assert pipeline.connected.wait(5)
    assert told == [False]
    assert pipeline.call(encode_command(b"PING"), 2) == b"PONG"
    pipeline.close(0)


def test_a_server_that_was_promoted_since_counts_as_another(any_redis_server):
    first, second = any_redis_server(), any_redis_server()
    told: list[int] = []
    pipeline = Pipeline(lambda: parse_url(second.url), name="test", timeout_seconds=2)
    pipeline.on_new_server = lambda: told.append(1)
    with Redis(port=second.port) as admin:
        pipeline.start()
        assert pipeline.connected.wait(5)
        admin.replicaof("127.0.0.1", first.port)
        wait_until(lambda: admin.info("replication")["master_link_status"] == "up")
        admin.replicaof("NO", "ONE")
        admin.client_kill_filter(_type="normal", skipme=True)
    wait_until(lambda: told)
    pipeline.close(0)


def test_whoever_answers_after_it_was_told_to_reconnect_counts_as_another(redis_url):
    told: list[int] = []
    pipeline = Pipeline(lambda: parse_url(redis_url), name="test", timeout_seconds=2)
    pipeline.on_new_server = lambda: told.append(1)
    pipeline.start()
    assert pipeline.connected.wait(5)
    pipeline.reconnect("because")
    assert not pipeline.connected.is_set()
    assert pipeline.connected.wait(5)
    assert told == [1]
    pipeline.close(0)


def test_a_frozen_server_is_left_and_found_again(valkey_server):
    server = valkey_server()
    pipeline = Pipeline(lambda: parse_url(server.url), name="test", timeout_seconds=0.3)
    pipeline.start()
    assert pipeline.connected.wait(5)
    server.signal(signal.SIGSTOP)
    # Nobody asks for anything: the pipeline's own sign of life finds out.
    wait_until(lambda: not pipeline.connected.is_set())
    server.signal(signal.SIGCONT)
    assert pipeline.connected.wait(10)
    pipeline.close(0)


def test_it_logs_in_as_an_acl_user_and_selects_the_database(any_redis_server):
    server = any_redis_server()
    with Redis(port=server.port) as admin:
        admin.acl_setuser(
            "clicks",
            enabled=True,
            passwords=["+s p@ce"],
            keys=["*"],
            commands=["+get", "+set", "+select"],
        )
    url = f"redis://clicks:s%20p%40ce@127.0.0.1:{server.port}/3"
    pipeline = Pipeline(lambda: parse_url(url), name="test", timeout_seconds=2)
    pipeline.start()
    assert pipeline.connected.wait(5)
    pipeline.call(encode_command(b"SET", b"key", b"value"), 2)
    pipeline.close(0)
    with Redis(port=server.port, db=3) as other:
        assert other.get("key") == b"value"


def test_a_wrong_password_is_said_and_tried_again(redis_url, caplog):
    wrong = redis_url.replace("redis://", "redis://nobody:wrong@")
    pipeline = Pipeline(lambda: parse_url(wrong), name="test", timeout_seconds=2)
    pipeline.start()
    wait_until(lambda: "WRONGPASS" in caplog.text)
    assert not pipeline.connected.is_set()
    pipeline.close(0)


def test_it_speaks_over_a_unix_socket(tmp_path):
    listener = _listen_unix(tmp_path / "redis.sock")
    server = StreamServer(listener, EchoServer().serve)
    server.start()
    url = f"unix://{tmp_path}/redis.sock"
    pipeline = Pipeline(lambda: parse_url(url), name="test", timeout_seconds=2)
    pipeline.start()
    assert pipeline.connected.wait(5)
    assert ask(pipeline, 3) == [[b"0"], [b"1"], [b"2"]]
    pipeline.close(0)
    server.stop()


def _listen_unix(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(8)
    return listener


def test_it_speaks_tls_and_checks_the_certificate(tmp_path, caplog):
    certificate = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    server = StreamServer(("127.0.0.1", 0), EchoServer([1, 2, 3]).serve, ssl_context=context)
    server.start()
    at = Address(host="localhost", port=server.server_port, tls=True, ca_file=str(certificate))
    trusting = Pipeline(lambda: at, name="test", timeout_seconds=2)
    trusting.start()
    assert trusting.connected.wait(5)
    large = b"x" * 300_000
    assert trusting.call(encode_command(b"ECHO", large), 5) == large
    assert_own_or_broken(ask(trusting, 20))
    trusting.close(0)

    wary = Pipeline(
        lambda: Address(host="localhost", port=server.server_port, tls=True),
        name="test",
        timeout_seconds=2,
    )
    wary.start()
    wait_until(lambda: "certificate" in caplog.text)
    wary.close(0)
    server.stop()


def _certificate(directory: Path) -> Path:
    path = directory / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(directory / "key.pem"), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    return path
