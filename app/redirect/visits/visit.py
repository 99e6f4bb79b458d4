"""Reader that takes from a request what it says about its visitor."""

import codecs
import re
from collections.abc import Mapping
from typing import NamedTuple

from app.clicks.campaign_query import campaign_query
from app.clicks.click import NO_FETCH_MODE, OWN
from app.clicks.client_hints import HEADERS, client_hints
from app.redirect.visits.client_address import ClientAddress
from app.verdicts.visit import loaded_ahead

#: Bytes that are kept of each text, by its field in the contract: what a click costs in memory and
#: on disk is ours to bound, since its visitor writes most of it. Browsers stay far below, in-app
#: browsers name themselves in some 500 bytes, and of a longer referrer its host is kept, which it
#: begins with. A host has 253 characters at most (RFC 1035 §2.3.4), and a port.
FIELD_BYTES = {
    b"ip": 64,
    b"user_agent": 1000,
    b"referer": 1000,
    b"host": 260,
    b"accept_language": 256,
    b"purpose": 64,
    b"gpc": 1,
    b"query": 500,
    b"count_only": 1,
    b"own": 1,
    b"client_hints": 300,
    b"fetch_mode": 16,
}

#: Sec-Purpose is the standard (Fetch, §2.2.6); the others are its forerunners, still sent.
PURPOSE_FIELDS = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_PURPOSE_KEYS = tuple("HTTP_" + name.decode().upper().replace("-", "_") for name in PURPOSE_FIELDS)
_HINT_KEYS = tuple("HTTP_" + name.decode().upper().replace("-", "_") for name in HEADERS)
#: Cookie of a browser that has asked not to be counted.
OWN_COOKIE = "hopline_own"
_OWN_COOKIE = re.compile(rf"(?:^|[; ]){OWN_COOKIE}=1(?:;|$)".encode())


class Visit(NamedTuple):
    """Who follows a link, in the client's own bytes; see :func:`clean`.

    Attributes:
        ip: the visitor's address; empty when unknown.
        purpose: why the browser asks, e.g. ``prefetch``; empty for a person's own visit.
        query: what the visit's address says of a campaign.
        count_only: as in :class:`app.clicks.click.Click`.
        own: whether the browser has asked not to be counted, as :func:`own_mark` returns it.
        client_hints: what the browser says of itself beside its user agent.
        fetch_mode: as in :class:`app.clicks.click.Click`.
    """

    ip: bytes
    user_agent: bytes
    referer: bytes
    host: bytes = b""
    accept_language: bytes = b""
    purpose: bytes = b""
    gpc: bytes = b""
    query: bytes = b""
    count_only: bytes = b""
    own: bytes = b""
    client_hints: bytes = b""
    fetch_mode: bytes = b""

    @property
    def is_ahead_of_person(self) -> bool:
        """Whether a browser fetches on the mere chance that the person will go there."""
        return bool(loaded_ahead(self.purpose.decode("latin-1")))


def from_environ(environ: Mapping[str, str], client_address: ClientAddress) -> Visit:
    """Read a WSGI environ, whose texts are bytes in the guise of Latin-1 (PEP 3333)."""
    get = environ.get
    first, second = client_address.environ_keys
    address = client_address(get("REMOTE_ADDR", ""), get(first, ""), get(second, ""))
    return Visit(
        address.encode(),
        _raw(get("HTTP_USER_AGENT", "")),
        _raw(get("HTTP_REFERER", "")),
        _raw(get("HTTP_HOST", "")),
        _raw(get("HTTP_ACCEPT_LANGUAGE", "")),
        _raw(_first(environ, _PURPOSE_KEYS)),
        _raw(get("HTTP_SEC_GPC", "")),
        campaign_query(_raw(get("QUERY_STRING", ""))),
        own=own_mark(_raw(get("HTTP_COOKIE", ""))),
        client_hints=client_hints(*(_raw(get(key, "")) for key in _HINT_KEYS)),
        fetch_mode=_raw(get("HTTP_SEC_FETCH_MODE", "")) or NO_FETCH_MODE,
    )


def own_mark(cookies: bytes) -> bytes:
    """Return the mark of a browser that has asked not to be counted, b"" of any other."""
    return OWN if _OWN_COOKIE.search(cookies) else b""


def _first(environ: Mapping[str, str], keys: tuple[str, ...]) -> str:
    for key in keys:
        if text := environ.get(key):
            return text
    return ""


def _raw(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def clean(raw: bytes, limit: int) -> bytes:
    """Return a header's first bytes as UTF-8, cut between characters; what is none is replaced.

    It takes no longer for a longer text.

    Args:
        limit: most bytes of the result.
    """
    start = raw[:limit]
    if start.isascii():
        return start
    # What is not final may end within a character, which is left out.
    text = codecs.utf_8_decode(start, "replace", len(raw) <= limit)[0].encode()
    # A replacement takes three bytes where there may have been one.
    return text if len(text) <= limit else codecs.utf_8_decode(text[:limit])[0].encode()
