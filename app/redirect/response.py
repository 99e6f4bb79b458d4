"""Response that answers a visitor, decided without I/O; both lanes of the worker answer with it.

Rule: Location and Cache-Control come from a link that :mod:`app.redirect.links.answers` found
sound, and from a query string that is checked here: no header can be broken off by CR or LF.
"""

from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

from app.links.link import Link

#: Repeat visits come back to us and are counted.
DEFAULT_CACHE_CONTROL = "private, max-age=0, no-store"

#: What may stand in a URI's query (RFC 3986 §3.4), and brackets, which browsers leave as they are;
#: anything else is percent-encoded, as Location holds nothing but URIs (RFC 9110 §10.2.2).
_QUERY_SAFE = "!#$%&'()*+,-./:;=?@[]_~"


class Response(NamedTuple):
    """A complete answer.

    Attributes:
        headers: names and values, without Content-Length, Date, Server and Connection.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def status_line(self) -> str:
        """Status and reason phrase, e.g. ``302 Found``."""
        return _status_line(self.status)


@lru_cache(maxsize=64)
def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def redirect(link: Link, query: str) -> Response:
    """Return the redirect of a live link.

    Args:
        query: the visit's query string without its question mark, as it was sent.
    """
    target = forward_query(link.target, query) if link.forward_query and query else link.target
    return Response(
        link.status,
        (("Location", target), ("Cache-Control", link.cache_control or DEFAULT_CACHE_CONTROL)),
    )


def forward_query(target: str, query: str) -> str:
    """Return the target with a visit's parameters added to its own.

    Parameters whose key the target has already are left out, so that a visitor can't change what
    the owner set. Order and repeats are kept, and the target's fragment stays at the end.
    """
    address, hash_sign, fragment = target.partition("#")
    path, question_mark, own = address.partition("?")
    taken = {_key(pair) for pair in own.split("&")} if question_mark else set()
    added = "&".join(pair for pair in query.split("&") if pair and _key(pair) not in taken)
    if not added:
        return target
    joint = "&" if own and not own.endswith("&") else ""
    safe = quote(added.replace("#", "%23"), safe=_QUERY_SAFE, encoding="latin-1", errors="replace")
    return f"{path}?{own}{joint}{safe}{hash_sign}{fragment}"


def _key(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])
