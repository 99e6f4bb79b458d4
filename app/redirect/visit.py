"""What a request says about its visitor."""

from collections.abc import Mapping
from typing import NamedTuple

from app.redirect.proxies import ClientAddress

#: Characters of a header that are kept. In UTF-8 they take at most four times as many bytes, which
#: is less than a field of the contract may hold.
MAX_TEXT = 2000

#: Sec-Purpose is the standard (Fetch, §2.2.6); the others are its forerunners, still sent.
PURPOSE_FIELDS = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_PURPOSE_KEYS = tuple("HTTP_" + name.decode().upper().replace("-", "_") for name in PURPOSE_FIELDS)
_LOOKING_AHEAD = (b"prefetch", b"prerender", b"preview")


class Visit(NamedTuple):
    """Who follows a link, in the client's own bytes; see :func:`clean`.

    Attributes:
        ip: the visitor's address; empty when unknown.
        purpose: why the browser asks, e.g. ``prefetch``; empty for a person's own visit.
    """

    ip: bytes
    user_agent: bytes
    referer: bytes
    host: bytes = b""
    accept_language: bytes = b""
    purpose: bytes = b""
    gpc: bytes = b""

    @property
    def is_ahead_of_person(self) -> bool:
        """Whether a browser fetches on the mere chance that the person will go there."""
        purpose = self.purpose.lower()
        return any(word in purpose for word in _LOOKING_AHEAD)


def from_environ(environ: Mapping[str, str], client_address: ClientAddress) -> Visit:
    """Read a WSGI environ, whose texts are bytes in the guise of Latin-1 (PEP 3333)."""
    get = environ.get
    address = client_address(
        get("REMOTE_ADDR", ""), get("HTTP_X_FORWARDED_FOR", ""), get("HTTP_FORWARDED", "")
    )
    return Visit(
        address.encode(),
        _raw(get("HTTP_USER_AGENT", "")),
        _raw(get("HTTP_REFERER", "")),
        _raw(get("HTTP_HOST", "")),
        _raw(get("HTTP_ACCEPT_LANGUAGE", "")),
        _raw(_first(environ, _PURPOSE_KEYS)),
        _raw(get("HTTP_SEC_GPC", "")),
    )


def _first(environ: Mapping[str, str], keys: tuple[str, ...]) -> str:
    for key in keys:
        if text := environ.get(key):
            return text
    return ""


def _raw(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def clean(raw: bytes) -> bytes:
    """Return a header's bytes as UTF-8 of bounded length; what is no UTF-8 is replaced."""
    if raw.isascii():
        return raw[:MAX_TEXT]
    return raw.decode("utf-8", "replace")[:MAX_TEXT].encode()
