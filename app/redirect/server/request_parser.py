"""Parser that finds where a request's head ends in the bytes received, and which are refused.

Rule 1: no I/O; the same bytes give the same requests however they were split on their way.
Rule 2: what two servers in a row might read differently is refused, never repaired (RFC 9112
section 11.2, request smuggling). gunicorn_h1c refuses most of it; the rest is here.
"""

from dataclasses import dataclass
from http import HTTPStatus

from gunicorn_h1c import HttpRequest, LimitRequestHeaders, LimitRequestLine, parse_request_fast
from gunicorn_h1c._parser_fast import IncompleteError

from app.http.rules import coding_refusal, head_refusal, is_host, phrase

BAD_REQUEST = "400 Bad Request"
_TOO_LONG = "414 URI Too Long"
_TOO_LARGE = "431 Request Header Fields Too Large"

#: Host values seen valid are remembered, at most this many, to check each only once; but none that
#: is longer than a name (RFC 1035 section 2.3.4) with its port.
REMEMBERED_HOSTS = 1024
_LONGEST_REMEMBERED_HOST = 260


class Refused(Exception):
    """A request that is answered with an error, after which its connection is closed.

    Attributes:
        status: e.g. ``"400 Bad Request"``.
    """

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a request's head may be.

    Attributes:
        line_bytes: of the request line, its CRLF apart.
        fields: number of header fields.
        field_bytes: of one header field.
        head_bytes: of everything up to the empty line.
    """

    line_bytes: int = 4094
    fields: int = 100
    field_bytes: int = 8190
    head_bytes: int = 65_536


class RequestParser:
    """Reads request heads within limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._hosts: set[bytes] = set()

    def read(self, data: bytes, seen: int = 0) -> HttpRequest | None:
        """Return the first request in the data, or None while its head is incomplete.

        Args:
            data: bytes received, of which the request takes the first ``consumed``.
            seen: how many of them an earlier call found incomplete.

        Raises:
            Refused: and nothing that follows on the connection may be read.
        """
        limits = self._limits
        try:
            # Methods that it doesn't know are the application's business, and a later HTTP/1.x is
            # read as HTTP/1.1 (RFC 9110 §2.5).
            request = parse_request_fast(
                data, seen, limits.line_bytes, limits.fields, limits.field_bytes, True, True
            )
        except IncompleteError:
            self._check_incomplete(data)
            return None
        except ValueError as error:
            raise self._refusal(data, error) from None
        if request.minor_version and request.get_header("host") not in self._hosts:
            self._check_host(request)
        if data[0] == 13 or request.consumed > limits.head_bytes or not request.path.isascii():
            self._check_odd(data, request)
        return request

    def _check_incomplete(self, data: bytes) -> None:
        limits = self._limits
        start = 2 if data.startswith(b"\r\n") else 0
        longest_line = start + limits.line_bytes + 2
        if len(data) > longest_line and data.find(b"\r\n", start, longest_line) < 0:
            raise Refused(_TOO_LONG, f"request line over {limits.line_bytes} bytes")
        if len(data) > limits.head_bytes:
            raise Refused(_TOO_LARGE, f"head over {limits.head_bytes} bytes")

    def _check_host(self, request: HttpRequest) -> None:
        host = request.get_header("host")
        if host is None:
            raise Refused(BAD_REQUEST, "no Host in an HTTP/1.1 request")
        if not is_host(host):
            raise Refused(BAD_REQUEST, f"invalid Host {host!r}")
        if len(host) > _LONGEST_REMEMBERED_HOST:
            return
        if len(self._hosts) >= REMEMBERED_HOSTS:
            self._hosts.clear()
        self._hosts.add(host)

    def _check_odd(self, data: bytes, request: HttpRequest) -> None:
        limits = self._limits
        if request.consumed > limits.head_bytes:
            raise Refused(_TOO_LARGE, f"head over {limits.head_bytes} bytes")
        if not request.path.isascii():
            raise Refused(BAD_REQUEST, "request target has bytes outside ASCII")
        # The parser measures the request line only when no empty line stands before it.
        if data[0] == 13 and data.find(b"\r\n", 2) - 2 > limits.line_bytes:
            raise Refused(_TOO_LONG, f"request line over {limits.line_bytes} bytes")

    def _refusal(self, data: bytes, error: ValueError) -> Refused:
        if isinstance(error, LimitRequestLine):
            return Refused(_TOO_LONG, str(error))
        # Past 256 fields the parser gives up without saying why.
        head = data.partition(b"\r\n\r\n")[0]
        if isinstance(error, LimitRequestHeaders) or head.count(b"\r\n") > self._limits.fields:
            return Refused(_TOO_LARGE, str(error))
        return Refused(_written(head_refusal(data)), str(error))


def is_unusual(request: HttpRequest) -> bool:
    """Tell whether a request has what gunicorn's own handler is there for.

    A body, an expectation, a protocol upgrade or a tunnel: rare at a redirect service.
    """
    find = request.get_header
    return (
        request.content_length > 0
        or find("transfer-encoding") is not None
        or find("expect") is not None
        or find("upgrade") is not None
        or request.method == b"CONNECT"
    )


def check_coding(request: HttpRequest) -> None:
    """Check that what a request's body is coded in is implemented here.

    Raises:
        Refused: it isn't, or where the body ends can't be told.
    """
    name = b"transfer-encoding"
    codings = [value.decode("latin-1") for each, value in request.headers if each.lower() == name]
    if status := coding_refusal(codings):
        raise Refused(_written(status), f"Transfer-Encoding {', '.join(codings)!r}")


def _written(status: HTTPStatus) -> str:
    return f"{status.value} {phrase(status)}"
