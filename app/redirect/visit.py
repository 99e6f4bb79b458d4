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

    def text(name: str) -> bytes:
        return environ.get(name, "").encode("latin-1", "replace")

    address = client_address(
        environ.get("REMOTE_ADDR", ""),
        environ.get("HTTP_X_FORWARDED_FOR", ""),
        environ.get("HTTP_FORWARDED", ""),
    )
    return Visit(
        ip=address.encode(),
        user_agent=text("HTTP_USER_AGENT"),
        referer=text("HTTP_REFERER"),
        host=text("HTTP_HOST"),
        accept_language=text("HTTP_ACCEPT_LANGUAGE"),
        purpose=next(filter(None, map(text, _PURPOSE_KEYS)), b""),
        gpc=text("HTTP_SEC_GPC"),
    )


def clean(raw: bytes) -> bytes:
    """Return a header's bytes as UTF-8 of bounded length; what is no UTF-8 is replaced."""
    if raw.isascii():
        return raw[:MAX_TEXT]
    return raw.decode("utf-8", "replace")[:MAX_TEXT].encode()
