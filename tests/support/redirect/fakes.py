"""Stand-ins for what lies below the parts under test."""

from collections.abc import Callable

import hiredis
from gevent.event import Event

from app.links.link import Link
from app.redirect.redis.replies import PipelineBroken
from app.redirect.redis.resp import decode_command

OnReply = Callable[[object], None]


def keep_none(_rows: object, _error: BaseException) -> int:
    """Keep nothing of what a spool's disk doesn't take."""
    return 0


class FakeClock:
    """Monotonic seconds that move when told."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class FakeBackpressure:
    """A stream that is full when told."""

    def __init__(self) -> None:
        self.is_full = False
        self.reason = "backlog"


class FakePipeline:
    """Keeps commands until the test answers them, in order as the real one does."""

    def __init__(self) -> None:
        self.connected = Event()
        self.connected.set()
        self.age = 0.0
        self.heard_at = 0.0
        self.commands: list[list[bytes]] = []
        self.waiting: list[OnReply] = []

    def oldest_age(self) -> float:
        return self.age

    def submit(self, command: bytes, on_reply: OnReply) -> None:
        if not self.connected.is_set():
            raise PipelineBroken("there is no connection to Redis")
        self.commands.append(decode_command(command))
        self.waiting.append(on_reply)

    submit_click = submit

    def answer(self, reply: object) -> None:
        self.waiting.pop(0)(reply)

    def answer_error(self, text: str) -> None:
        self.answer(hiredis.ReplyError(text))

    def break_off(self) -> None:
        self.connected.clear()
        waiting, self.waiting = self.waiting, []
        for on_reply in waiting:
            on_reply(PipelineBroken("the server closed the connection"))


def link(code: str = "abc", target: str = "https://a.example/", **terms: object) -> Link:
    """Return a link as the store keeps it."""
    return Link(code=code, target=target, created_ms=1, updated_ms=1, **terms)
