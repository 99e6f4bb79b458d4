"""Fast lane that answers the common visit without a WSGI environ.

Falcon, through :class:`app.redirect.link_resource.LinkResource`, stays the definition of the
behaviour.
Rule 1: only a GET of a known live link without per-visit terms is taken; all else is declined, and
        goes to Falcon.
Rule 2: what is taken gets the answer and the stream entry that Falcon's lane would have made, byte
        for byte; a test sends generated requests through both.
Rule 3: this is the hottest code there is. What repeats from visit to visit is kept ready in bytes;
        each step that is added here is measured with `make bench`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from app.clicks.campaign_query import campaign_query
from app.clicks.click import NO_FETCH_MODE
from app.clicks.client_hints import HEADERS, client_hints
from app.links.link import Link
from app.metrics.redirect import RedirectMetrics
from app.metrics.types import FastCounter, FastCounterFamily
from app.redirect.link_resource import Collaborators
from app.redirect.response import redirect
from app.redirect.server.dispatch import Reply
from app.redirect.server.fast_parser import LEAVE
from app.redirect.visits.click_ids import id_ms
from app.redirect.visits.count_only import only_counted
from app.redirect.visits.visit import PURPOSE_FIELDS, Visit, own_mark
from app.redirect.visits.xadd_encoder import LinkParts

#: Known links whose answers are kept ready, whichever is met first; they are made again then.
_READY_LIMIT = 50_000
_READY_BYTES = 64 << 20
#: Addresses of peers that are remembered.
_PEERS_LIMIT = 8192

#: Where a field's value stands in a list that begins as a :class:`~app.redirect.visits.visit.Visit`
#: does: at 0 its address; at 5 its cookies, as a purpose makes a visit an unusual one. At 7 and 8
#: stands what tells the address.
_ADDRESS_POSITION = 7
_POSITIONS = {
    b"user-agent": 1,
    b"referer": 2,
    b"host": 3,
    b"accept-language": 4,
    b"cookie": 5,
    b"sec-gpc": 6,
    b"x-request-id": 9,
    b"x-request-start": 10,
    b"dnt": 11,
    **{name: 12 + index for index, name in enumerate(HEADERS)},
    b"sec-fetch-mode": 15,
}

_Texts = Sequence[bytes | None]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A link's answer and its parts of an entry, in bytes.

    Attributes:
        is_always: whether the link leads to the same place on every visit, at any time.
    """

    link: Link
    code: str
    is_always: bool
    parts: LinkParts
    status_line: bytes
    rest: bytes
    counter: FastCounter


class RedirectFastLane:
    """What :class:`app.redirect.server.dispatch.FastLane` wants, over a worker's collaborators."""

    def __init__(self, collaborators: Collaborators, metrics: RedirectMetrics) -> None:
        self._cached = collaborators.lookup.cached
        self._record = collaborators.recorder.record
        self._link_parts = collaborators.encoder.link_parts
        self._encode = collaborators.encoder.encode
        self._client_address = collaborators.client_address
        self.positions = _positions(collaborators.client_address.fields)
        self._address_of_peer = lru_cache(_PEERS_LIMIT)(self._plain_address)
        self._wall_clock = collaborators.wall_clock
        self._new_id = collaborators.visit_ids.make
        self._id_of_visit = collaborators.visit_ids.of
        self._is_bot = collaborators.is_bot
        self._is_only_counted = collaborators.is_only_counted
        self._responses = metrics.responses
        self._ready: dict[bytes, _Ready] = {}
        self._ready_bytes = 0

    def __call__(
        self,
        path: bytes,
        query: bytes,
        values: list[bytes | None],
        peer: tuple[Any, ...],
        reply: Reply,
    ) -> bool:
        """Take the visit of a live link, or decline it.

        The answer is given once the click is confirmed by Redis or on its way to the spool. See
        :class:`app.redirect.server.dispatch.FastLane`.
        """
        now = self._wall_clock()
        ready = self._ready.get(path)
        if ready is None or not ready.is_always or self._cached(ready.code) is not ready.link:
            ready = self._find(path, query, now)
            if ready is None:
                return False
        # In the order of their positions.
        (
            _, agent, referer, host, language, cookie, gpc, told, second,
            named, started, dnt, mobile, platform, brands, mode,
        ) = values  # fmt: skip
        if told is None and second is None:
            address = self._address_of_peer(peer[0])
        else:
            address = self._address(peer[0], told or b"", second or b"")
        said = campaign_query(query) if query else None
        own = own_mark(cookie) if cookie else None
        hints = client_hints(mobile, platform, brands) if brands else None
        mode = mode or NO_FETCH_MODE
        texts: _Texts = (
            address, agent, referer, host, language, None, gpc, said, None, own, hints, mode,
        )  # fmt: skip
        if (gpc or dnt) and self._is_only_counted(gpc, dnt):
            texts = only_counted(Visit(*(text or b"" for text in texts)), self._is_bot)
            address, agent = texts[:2]
        if started is None or named is None:
            digits, unix_second = self._new_id(int(now * 1000)), int(now)
        else:
            visit = (named, started, path[1:], address, agent or b"")
            digits = self._id_of_visit(int(now * 1000), peer[0], *visit)
            unix_second = id_ms(digits) // 1000
        command = self._encode(digits, ready.parts, unix_second, texts)
        self._record(command, partial(_answer, ready, reply))
        return True

    def _find(self, path: bytes, query: bytes, now: float) -> _Ready | None:
        link = self._cached(path[1:].decode("latin-1"))
        if not isinstance(link, Link):
            return None
        ready = self._ready.get(path)
        if ready is None or ready.link is not link:
            ready = self._prepare(path, link)
        if ready.is_always or (
            link.click_limit is None
            and not (query and link.forward_query)
            and link.state(now) == "live"
        ):
            return ready
        return None

    def _prepare(self, path: bytes, link: Link) -> _Ready:
        if len(self._ready) >= _READY_LIMIT or self._ready_bytes >= _READY_BYTES:
            self._ready.clear()
            self._ready_bytes = 0
        parts = self._link_parts(link.code.encode(), link.target.encode())
        ready = self._ready[path] = _make_ready(link, parts, self._responses)
        self._ready_bytes += len(parts.tail) + len(ready.rest)
        return ready

    def _address(self, peer: str, told: bytes, second_told: bytes) -> bytes:
        return self._client_address(
            peer, told.decode("latin-1"), second_told.decode("latin-1")
        ).encode()

    def _plain_address(self, peer: str) -> bytes:
        return self._address(peer, b"", b"")


def _positions(address_fields: Sequence[str]) -> dict[bytes, int]:
    told = {
        name.encode(): _ADDRESS_POSITION + index
        for index, name in enumerate(address_fields)
        if name
    }
    return _POSITIONS | told | dict.fromkeys(PURPOSE_FIELDS, LEAVE)


def _answer(ready: _Ready, reply: Reply) -> None:
    ready.counter.count += 1
    reply(ready.status_line, ready.rest)


def _make_ready(link: Link, parts: LinkParts, responses: FastCounterFamily) -> _Ready:
    answer = redirect(link, "")
    fields = "".join(f"{name.lower()}: {value}\r\n" for name, value in answer.headers)
    return _Ready(
        link=link,
        code=link.code,
        is_always=_is_always(link),
        parts=parts,
        status_line=f"HTTP/1.1 {answer.status_line}\r\n".encode(),
        rest=f"{fields}content-length: 0\r\n\r\n".encode(),
        counter=responses.labels(str(answer.status), "fast"),
    )


def _is_always(link: Link) -> bool:
    return (
        link.click_limit is None
        and link.expires_at is None
        and not (link.forward_query or link.disabled or link.deleted)
    )
