"""A server that a test can cut, and what it was asked through a pipeline."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import gevent
import hiredis

from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replies import PipelineBroken
from app.redirect.redis.resp import encode_command
from tests.support.redirect.waiting import wait_until


@dataclass
class EchoServer:
    """Answers ECHO in pieces of the given sizes, and hangs up after some bytes of answers."""

    cuts: list[int] = field(default_factory=list)
    hang_up_after: list[int] = field(default_factory=list)
    is_silent: bool = False
    replies: list[bytes] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def serve(self, client, _address) -> None:
        left_bytes = self.hang_up_after.pop(0) if self.hang_up_after else None
        reader = hiredis.Reader()
        self._greet(client, reader)
        while received := client.recv(65536):
            reader.feed(received)
            commands = list(_commands(reader))
            self.batches.append(len(commands))
            answer = b"".join(map(self._answer, commands))
            if not self._send(client, answer[:left_bytes]):
                return
            if left_bytes is not None:
                left_bytes -= len(answer)
                if left_bytes <= 0:
                    return

    def _greet(self, client, reader) -> None:
        commands: list[list[bytes]] = []
        while len(commands) < 2:
            reader.feed(client.recv(65536))
            commands += _commands(reader)
        client.sendall(b"+OK\r\n" + b"$0\r\n\r\n")

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


def assert_own_or_broken(got: list[list[object]]) -> None:
    for number, replies in enumerate(got):
        assert len(replies) == 1
        assert replies[0] == b"%d" % number or isinstance(replies[0], PipelineBroken)
