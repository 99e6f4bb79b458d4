"""Rules that bind every HTTP server here, whichever library reads requests (RFC 9110, RFC 9112).

Rule: what two servers in a row might read differently is refused, never repaired (RFC 9112 §11.2).
"""

import re
from collections.abc import Collection, Iterable, Sequence
from http import HTTPStatus

#: Says what answers, and not which version of it.
SERVER = "hopline"

#: Methods that somebody has defined. Where one is of no use it gets 405, any other gets 501
#: (RFC 9110 §9.1).
METHODS = frozenset((
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE",
    "CHECKIN", "CHECKOUT", "COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "REPORT",
    "UNCHECKIN", "UNLOCK", "UPDATE", "VERSION-CONTROL",
))  # fmt: skip

#: Phrases that differ between versions of Python; these are RFC 9110's.
_PHRASES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}

#: A request line whose version is one at all (RFC 9112 §2.3), an empty line before it or not.
_LINE = re.compile(
    rb"(?:\r\n)?[!#$%&'*+.^_`|~\w-]+ +[!-~]+ +HTTP/([0-9])\.[0-9](?:\r\n|\Z)", re.ASCII
)
_CODING_FIELD = re.compile(rb"^transfer-encoding:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
#: transfer-coding (RFC 9112 §7), its parameters unread.
_CODING = re.compile(r"[!#$%&'*+.^_`|~\w-]+[ \t]*(?:;.*)?", re.ASCII)

#: field-value (RFC 9110 §5.5).
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\uffff]*")
#: uri-host [ ":" port ] (RFC 9110 §7.2, RFC 3986 §3.2.2); empty is allowed.
_HOST = re.compile(
    rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*(?::[0-9]*)?"
    rb"|\[[0-9A-Fa-f:.]+\](?::[0-9]*)?"
)


def phrase(status: HTTPStatus) -> str:
    """Return the reason phrase of a status."""
    return _PHRASES.get(status, status.phrase)


def is_host(value: bytes) -> bool:
    """Tell whether a Host field's value has the form that it must have."""
    return _HOST.fullmatch(value) is not None


def are_hosts(values: Collection[bytes], *, is_needed: bool) -> bool:
    """Tell whether a request's Host fields are as they must be (RFC 9112 §3.2).

    Args:
        is_needed: of HTTP/1.1 on.
    """
    return len(values) <= 1 and all(map(is_host, values)) and (bool(values) or not is_needed)


def is_field_value(value: str) -> bool:
    """Tell whether a field's value has no control character, nor goes on in another line."""
    return _VALUE.fullmatch(value) is not None


def is_length(values: Sequence[str], *, is_coded: bool) -> bool:
    """Tell whether Content-Length fields are none or one number (RFC 9112 §6.2, §6.3).

    Args:
        is_coded: whether there is a Transfer-Encoding, beside which there may be none.
    """
    if is_coded or not values:
        return not values
    return len(values) == 1 and values[0].isascii() and values[0].isdigit()


def line_refusal(head: bytes) -> HTTPStatus | None:
    """Return how the request line is refused that a head begins with; None for what is one.

    Another major version gets 505 (RFC 9110 §15.6.6). Minor ones differ in nothing that would make
    a request of HTTP/1.2 another one than of HTTP/1.1 (§2.5).
    """
    line = _LINE.match(head)
    if line is None:
        return HTTPStatus.BAD_REQUEST
    return None if line[1] == b"1" else HTTPStatus.HTTP_VERSION_NOT_SUPPORTED


def coding_refusal(values: Iterable[str]) -> HTTPStatus | None:
    """Return how a request with these Transfer-Encoding fields is refused; None for what is read.

    Fields of one name are one list (RFC 9110 §5.3). Where the body ends is known only if chunked
    comes last, and once (RFC 9112 §6.1, §6.3). No other coding is implemented here.
    """
    codings = [each.strip(" \t").lower() for value in values for each in value.split(",")]
    if not codings:
        return None
    *others, last = codings
    if last != "chunked" or not all(map(_CODING.fullmatch, others)):
        return HTTPStatus.BAD_REQUEST
    if any(each.partition(";")[0].strip() == "chunked" for each in others):
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.NOT_IMPLEMENTED if others else None


def head_refusal(head: bytes) -> HTTPStatus:
    """Return how a head is refused that a parser has given up on."""
    values = _CODING_FIELD.findall(head.partition(b"\r\n\r\n")[0])
    return (
        line_refusal(head)
        or coding_refusal(value.decode("latin-1") for value in values)
        or HTTPStatus.BAD_REQUEST
    )
