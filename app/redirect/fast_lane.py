"""The fast lane: the common visit answered without a WSGI environ.

Falcon, through :class:`app.redirect.resource.LinkResource`, stays the definition of the behaviour.
Rule 1: only a GET of a known live link without per-visit terms is taken; all else is declined, and
        goes to Falcon.
Rule 2: what is taken gets the answer and the stream entry that Falcon's lane would have made, byte
        for byte; a test sends generated requests through both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn_h1c import HttpRequest
from prometheus_client import Counter

from app.click import new_click_id
from app.codes import is_valid
from app.links import Link
from app.metrics import RedirectMetrics
from app.redirect.lanes import Reply
from app.redirect.resource import Collaborators
from app.redirect.response import redirect
from app.redirect.visit import PURPOSE_FIELDS, Visit, clean

#: Known links whose answers are kept ready; they are made again when there are more.
_READY_LIMIT = 100_000
#: Spellings of header names that are remembered; clients use few.
_SPELLINGS_LIMIT = 1024

#: Where a field's value stands among those that make a visit. The others are passed over, but for
#: those that make it an unusual one, as any field does that stands twice.
_PLACES = {
    b"user-agent": 0,
    b"referer": 1,
    b"host": 2,
    b"accept-language": 3,
    b"sec-gpc": 4,
    b"x-forwarded-for": 5,
    b"forwarded": 6,
}
_PASSED_OVER = -1
_DECLINED = -2


@dataclass(frozen=True, slots=True)
class _Ready:
    """A link's answer and the parts of its entry, in bytes."""

    link: Link
    short_code: bytes
    target: bytes
    status_line: bytes
    rest: bytes
    count: Callable[[], None]


class RedirectFastLane:
    """What :class:`app.redirect.lanes.FastLane` asks for, over a worker's collaborators."""

    def __init__(self, collaborators: Collaborators, metrics: RedirectMetrics) -> None:
        self._cached = collaborators.lookup.cached
        self._record = collaborators.recorder.record
        self._write = collaborators.writer.write
        self._client_address = collaborators.client_address
        self._wall_clock = collaborators.wall_clock
        self._random = collaborators.random
        self._responses = metrics.responses
        self._ready: dict[bytes, _Ready] = {}
        self._places = _Places()

    def __call__(self, request: HttpRequest, peer: tuple[Any, ...], reply: Reply) -> bool:
        """Take the visit of a live link, or decline it; see :class:`app.redirect.lanes.FastLane`.

        The answer is given once the click is confirmed by Redis or on its way to the spool.
        """
        if request.method != b"GET":
            return False
        path, _, query = request.path.partition(b"?")
        now = self._wall_clock()
        ready = self._find(path, now)
        if ready is None or (query and ready.link.forward_query):
            return False
        visit = self._visit(request, peer)
        if visit is None:
            return False
        click_id = new_click_id(int(now * 1000), self._random(10))
        command = self._write(click_id, ready.short_code, b"%d" % now, ready.target, visit)
        self._record(click_id, command, partial(_answer, ready, reply))
        return True

    def _find(self, path: bytes, now: float) -> _Ready | None:
        ready = self._ready.get(path)
        code = ready.link.code if ready else path[1:].decode("latin-1")
        link = self._cached(code)
        if not isinstance(link, Link):
            return None
        if ready is None or ready.link is not link:
            ready = self._prepare(path, link)
        if ready is None or link.state(now) != "live":
            return None
        return ready

    def _prepare(self, path: bytes, link: Link) -> _Ready | None:
        if path[:1] != b"/" or not is_valid(link.code) or link.click_limit is not None:
            return None
        if len(self._ready) >= _READY_LIMIT:
            self._ready.clear()
        ready = self._ready[path] = _make_ready(link, self._responses)
        return ready

    def _visit(self, request: HttpRequest, peer: tuple[Any, ...]) -> Visit | None:
        """Read the visitor's fields, or return None where WSGI has more to say about them."""
        texts: list[bytes | None] = [None] * len(_PLACES)
        places = self._places
        for name, value in request.headers:
            place = places[name]
            if place == _PASSED_OVER:
                continue
            if place == _DECLINED or texts[place] is not None:
                return None
            texts[place] = value
        user_agent, referer, host, language, gpc, x_forwarded_for, forwarded = texts
        address = self._client_address(
            peer[0],
            (x_forwarded_for or b"").decode("latin-1"),
            (forwarded or b"").decode("latin-1"),
        )
        return Visit(
            address.encode(),
            clean(user_agent or b""),
            clean(referer or b""),
            clean(host or b""),
            clean(language or b""),
            gpc=clean(gpc or b""),
        )


class _Places(dict[bytes, int]):
    """Where each field belongs, by its name as clients spell it."""

    def __missing__(self, name: bytes) -> int:
        if len(self) >= _SPELLINGS_LIMIT:
            self.clear()
        place = self[name] = _place(name)
        return place


def _place(name: bytes) -> int:
    lower = name.lower()
    return _DECLINED if lower in PURPOSE_FIELDS else _PLACES.get(lower, _PASSED_OVER)


def _answer(ready: _Ready, reply: Reply) -> None:
    ready.count()
    reply(ready.status_line, ready.rest)


def _make_ready(link: Link, responses: Counter) -> _Ready:
    answer = redirect(link, "")
    fields = "".join(f"{name.lower()}: {value}\r\n" for name, value in answer.headers)
    return _Ready(
        link,
        link.code.encode(),
        link.target.encode(),
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n".encode(),
        f"{fields}content-length: 0\r\n\r\n".encode(),
        responses.labels(str(answer.status)).inc,
    )
