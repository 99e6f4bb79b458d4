"""The fast lane: the common visit answered without a WSGI environ.

Falcon, through :class:`app.redirect.resource.LinkResource`, stays the definition of the behaviour.
Rule 1: only a GET of a known live link without per-visit terms is taken; all else is declined, and
        goes to Falcon.
Rule 2: what is taken gets the answer and the stream entry that Falcon's lane would have made, byte
        for byte; a test sends generated requests through both.
Rule 3: this is the hottest code there is. What repeats from visit to visit is kept ready in bytes;
        each step that is added here is measured with `make bench`.
"""

from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

from gunicorn_h1c import HttpRequest

from app.links import Link
from app.redirect.entry import END, LinkParts, TextParts, field
from app.redirect.http.lanes import Reply
from app.redirect.resource import Collaborators
from app.redirect.response import redirect
from app.redirect.visit import PURPOSE_FIELDS, clean
from app.redirect_metrics import RedirectMetrics
from app.tallies import Tally, TallyFamily

#: Known links whose answers are kept ready; they are made again when there are more.
_READY_LIMIT = 50_000
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
_ABSENT = (None,) * len(_PLACES)


class _Ready(NamedTuple):
    """A link's answer and its parts of an entry, in bytes."""

    link: Link
    has_plain_terms: bool
    parts: LinkParts
    status_line: bytes
    rest: bytes
    tally: Tally


class RedirectFastLane:
    """What :class:`app.redirect.http.lanes.FastLane` asks for, over a worker's collaborators."""

    def __init__(self, collaborators: Collaborators, metrics: RedirectMetrics) -> None:
        self._cached = collaborators.lookup.cached
        self._record = collaborators.recorder.record
        self._link_parts = collaborators.writer.link_parts
        self._client_address = collaborators.client_address
        self._wall_clock = collaborators.wall_clock
        self._make_id = collaborators.click_ids.make
        self._responses = metrics.responses
        self._ready: dict[bytes, _Ready] = {}
        self._places = _Places()
        self._addresses = TextParts(b"ip", self._plain_address)
        self._user_agents = TextParts(b"user_agent", clean)
        self._referers = TextParts(b"referer", clean)
        self._hosts = TextParts(b"host", clean)
        self._languages = TextParts(b"accept_language", clean)
        self._gpc = TextParts(b"gpc", clean)
        self._second = 0
        self._timestamp = b""

    def __call__(self, request: HttpRequest, peer: tuple[Any, ...], reply: Reply) -> bool:
        """Take the visit of a live link, or decline it.

        The answer is given once the click is confirmed by Redis or on its way to the spool. See
        :class:`app.redirect.http.lanes.FastLane`.
        """
        if request.method != b"GET":
            return False
        path, _, query = request.path.partition(b"?")
        now = self._wall_clock()
        ready = self._find(path, query, now)
        if ready is None:
            return False
        texts = self._read(request)
        if texts is None:
            return False
        click_id = self._make_id(int(now * 1000))
        command = self._write(ready.parts, click_id, now, texts, peer)
        self._record(click_id, command, partial(_answer, ready, reply))
        return True

    def _find(self, path: bytes, query: bytes, now: float) -> _Ready | None:
        ready = self._ready.get(path)
        link = self._cached(ready.link.code if ready else path[1:].decode("latin-1"))
        if not isinstance(link, Link):
            return None
        if ready is None or ready.link is not link:
            ready = self._prepare(path, link)
        if ready.has_plain_terms or (
            link.click_limit is None
            and not (query and link.forward_query)
            and link.state(now) == "live"
        ):
            return ready
        return None

    def _prepare(self, path: bytes, link: Link) -> _Ready:
        if len(self._ready) >= _READY_LIMIT:
            self._ready.clear()
        parts = self._link_parts(link.code.encode(), link.target.encode())
        ready = self._ready[path] = _make_ready(link, parts, self._responses)
        return ready

    def _read(self, request: HttpRequest) -> list[bytes | None] | None:
        """Return the fields that make a visit, or None where WSGI has more to say about them."""
        texts: list[bytes | None] = list(_ABSENT)
        places = self._places
        for name, value in request.headers:
            place = places[name]
            if place == _PASSED_OVER:
                continue
            if place == _DECLINED or texts[place] is not None:
                return None
            texts[place] = value
        return texts

    def _write(
        self,
        link: LinkParts,
        click_id: bytes,
        now: float,
        texts: list[bytes | None],
        peer: tuple[Any, ...],
    ) -> bytes:
        user_agent, referer, host, language, gpc, x_forwarded_for, forwarded = texts
        if x_forwarded_for is None and forwarded is None:
            address = self._addresses[peer[0].encode()]
        else:
            address = self._forwarded_address(peer[0], x_forwarded_for or b"", forwarded or b"")
        second = int(now)
        if second != self._second:
            self._second, self._timestamp = second, field(b"timestamp", b"%d" % second)
        extras = (
            self._hosts[host] if host else b"",
            self._languages[language] if language else b"",
            self._gpc[gpc] if gpc else b"",
        )
        return b"".join(
            (
                link.heads[len(extras) - extras.count(b"")],
                self._timestamp,
                address,
                self._user_agents[user_agent or b""],
                self._referers[referer or b""],
                link.tail,
                click_id.hex().encode(),
                END,
                *extras,
            )
        )

    def _forwarded_address(self, peer: str, x_forwarded_for: bytes, forwarded: bytes) -> bytes:
        address = self._client_address(
            peer, x_forwarded_for.decode("latin-1"), forwarded.decode("latin-1")
        )
        return field(b"ip", address.encode())

    def _plain_address(self, peer: bytes) -> bytes:
        return self._client_address(peer.decode(), "", "").encode()


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
    ready.tally.count += 1
    reply(ready.status_line, ready.rest)


def _make_ready(link: Link, parts: LinkParts, responses: TallyFamily) -> _Ready:
    answer = redirect(link, "")
    fields = "".join(f"{name.lower()}: {value}\r\n" for name, value in answer.headers)
    return _Ready(
        link=link,
        has_plain_terms=_has_plain_terms(link),
        parts=parts,
        status_line=f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n".encode(),
        rest=f"{fields}content-length: 0\r\n\r\n".encode(),
        tally=responses.labels(str(answer.status), "fast"),
    )


def _has_plain_terms(link: Link) -> bool:
    """Tell whether a link leads to the same place on every visit, at any time."""
    return (
        link.click_limit is None
        and link.expires_at is None
        and not (link.forward_query or link.disabled or link.deleted)
    )
