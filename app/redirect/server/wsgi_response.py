"""WSGI response that an application gives to one request, as PEP 3333 has it."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import TracebackType
from typing import Any

from app.redirect.server.connection import CLOSE, Connection
from app.redirect.server.states import BUSY

Headers = list[tuple[str, str]]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: token, field-value and status-line of RFC 9110 section 5 and RFC 9112 section 4.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_STATUS = re.compile(r"[1-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?")

#: Fields that belong to the connection (RFC 9110 section 7.6.1) and those that the worker adds.
_NOT_THE_APPLICATIONS = frozenset(
    (
        "connection",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "server",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)

_FAILED = b"HTTP/1.1 500 Internal Server Error\r\n"
_FAILED_REST = b"Content-Type: text/plain\r\nContent-Length: 21\r\n\r\nInternal Server Error"


class WsgiResponse:
    """Collects status, headers and body, and queues them on the connection.

    An answer whose body is known at once goes out in one piece. One that comes bit by bit is
    chunked (HTTP/1.1) or ends with the connection (HTTP/1.0), and waits for a slow client.

    Attributes:
        status, headers, sent: what gunicorn's access log reads; ``sent`` counts body bytes.
    """

    __slots__ = (
        "_bodiless",
        "_chunked",
        "_connection",
        "_declared",
        "_environ",
        "_started",
        "_status_line",
        "headers",
        "sent",
        "status",
    )

    def __init__(self, connection: Connection, environ: dict[str, Any]) -> None:
        self._connection = connection
        self._environ = environ
        self._bodiless = environ["REQUEST_METHOD"] == "HEAD"
        self._chunked = False
        self._declared: int | None = None
        self._started = False
        self._status_line = b""
        self.status = ""
        self.headers: Headers = []
        self.sent = 0

    def run(self, app: Application) -> None:
        """Call the application and queue all that it answers.

        Raises:
            ClientGone: when nobody is there any more to read the rest of the answer.
        """
        blocks = app(self._environ, self.start_response)
        try:
            if isinstance(blocks, (list, tuple)) and not self._started:
                self._send_whole(b"".join(blocks))
            else:
                self._send_blocks(blocks)
        finally:
            if hasattr(blocks, "close"):
                blocks.close()

    def start_response(
        self, status: str, headers: Headers, exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Take status and headers, and return the ``write`` callable of PEP 3333.

        Raises:
            AssertionError: when called again without exc_info.
            ValueError: for a status that HTTP doesn't allow.
        """
        if exc_info and self._started:
            raise exc_info[1].with_traceback(exc_info[2])
        if self.status and not exc_info:
            raise AssertionError("start_response was called twice")
        self._status_line = _status_line(status)
        self.status = status
        self.headers = headers
        return self._write

    def fail(self) -> None:
        """Answer 500, or break the connection off when the answer is under way."""
        connection = self._connection
        connection.persistence = CLOSE
        if self._started:
            connection.close()
        elif connection.state == BUSY:
            self.status = "500 Internal Server Error"
            connection.reply(_FAILED, _FAILED_REST)

    def _send_whole(self, body: bytes) -> None:
        fields = self._fields()
        if self._bodiless:
            body = b""
        elif self._declared is None:
            fields += f"Content-Length: {len(body)}\r\n"
        elif self._declared != len(body):
            body = body[: self._declared]
            self._close_if_short(len(body))
        self.sent = len(body)
        self._connection.reply(self._status_line, fields.encode("latin-1") + b"\r\n" + body)

    def _send_blocks(self, blocks: Iterable[bytes]) -> None:
        for block in blocks:
            self._write(block)
        if not self._started:
            self._start()
        self._close_if_short(self.sent)
        self._connection.finish(b"0\r\n\r\n" if self._chunked else b"")

    def _write(self, data: bytes) -> None:
        if not data:
            return
        if not self._started:
            self._start()
        if self._bodiless:
            return
        if self._declared is not None:
            data = data[: self._declared - self.sent]
        self.sent += len(data)
        self._connection.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def _start(self) -> None:
        fields = self._fields()
        if self._declared is None and not self._bodiless:
            self._chunked = self._environ["SERVER_PROTOCOL"] == "HTTP/1.1"
            if self._chunked:
                fields += "Transfer-Encoding: chunked\r\n"
            else:
                self._connection.persistence = CLOSE
        self._started = True
        common = self._connection.common_headers()
        self._connection.write(self._status_line + common + fields.encode("latin-1") + b"\r\n")

    def _close_if_short(self, sent: int) -> None:
        # The client would take the next answer for the rest of this one.
        if self._declared is not None and sent < self._declared and not self._bodiless:
            self._connection.persistence = CLOSE

    def _fields(self) -> str:
        if not self.status:
            raise AssertionError("the application did not call start_response")
        forbids_length = self.status[0] == "1" or self.status[:3] == "204"
        self._bodiless = self._bodiless or forbids_length or self.status[:3] == "304"
        fields = ""
        for name, value in self.headers:
            lower = _lower(name)
            if not (value.isascii() and value.isprintable()) and not _VALUE.fullmatch(value):
                raise ValueError(f"invalid value of the header {name}")
            if lower in _NOT_THE_APPLICATIONS:
                continue
            if lower == "content-length":
                if forbids_length:
                    continue
                self._declared = int(value)
            fields += f"{name}: {value}\r\n"
        return fields


@lru_cache(maxsize=256)
def _status_line(status: str) -> bytes:
    if not _STATUS.fullmatch(status):
        raise ValueError(f"invalid status {status!r}")
    return f"HTTP/1.1 {status}\r\n".encode("latin-1")


@lru_cache(maxsize=256)
def _lower(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"invalid header name {name!r}")
    return name.lower()
