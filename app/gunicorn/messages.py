"""gunicorn's requests and answers, as RFC 9110 and RFC 9112 have them where gunicorn doesn't."""

from http import HTTPStatus
from typing import Any, NoReturn

import gunicorn.http.wsgi
from gunicorn.http import message
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidHeader, InvalidRequestLine, UnsupportedTransferCoding
from gunicorn.http.parser import RequestParser

from app.http.rules import SERVER, are_hosts, coding_refusal, head_refusal

_LATEST = (1, 1)
#: Of a body's first part at most, so that copying it costs less than a call.
_GATHERED_BYTES = 64 * 1024


class OtherVersion(InvalidRequestLine):  # type: ignore[misc]  # gunicorn has no types
    """A request of another major version of HTTP."""


class Request(message.Request):  # type: ignore[misc]
    """A request; one whose body wasn't read to its end is the last of its connection.

    What an application leaves unread of a body would be read on after its answer, and answered if
    it is malformed: a client would take that for the answer to its next request.
    """

    def _parse_fast(self, unreader: Any, buf: bytearray) -> bytes:
        try:
            unused: bytes = super()._parse_fast(unreader, buf)
        except (InvalidRequestLine, InvalidHeader) as error:
            _raise_apart(bytes(buf), error)
        self.version: tuple[int, int] = min(self.version, _LATEST)
        if not are_hosts(
            [each.encode("latin-1") for each in self._values("HOST")],
            is_needed=self.version == _LATEST,
        ):
            raise InvalidHeader("HOST")
        return unused

    def set_body_reader(self) -> None:
        """Find out where the body ends."""
        codings = self._values("TRANSFER-ENCODING")
        if coding_refusal(codings) == HTTPStatus.NOT_IMPLEMENTED:
            raise UnsupportedTransferCoding(", ".join(codings))
        super().set_body_reader()

    def should_close(self) -> bool:
        """Tell whether the connection ends with the answer (RFC 9112 §9.3, §9.6)."""
        if not _is_read(self.body):
            # The answer says so; what is read after its head doesn't change that.
            self.force_close()
        if self.must_close or self.method == "CONNECT":
            return True
        asked = {
            option.strip(" \t").lower()
            for value in self._values("CONNECTION")
            for option in value.split(",")
        }
        return "close" in asked or (self.version < _LATEST and "keep-alive" not in asked)

    def _values(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]


class Response(gunicorn.http.wsgi.Response):  # type: ignore[misc]
    """An answer by HTTP/1.1, whichever version asked (RFC 9110 §2.5, RFC 9112 §2.3)."""

    def default_headers(self) -> list[str]:
        """Return the status line and the fields of every answer."""
        headers: list[str] = super().default_headers()
        return [f"HTTP/1.1 {self.status}\r\n", *headers[1:]]

    def write(self, arg: bytes) -> None:
        """Send a part of the body; the first with the head, by one call and in one packet."""
        if self.headers_sent or len(arg) > _GATHERED_BYTES:
            super().write(arg)
            return
        gathered = _Gathered()
        sock: Any = self.sock
        self.sock: Any = gathered
        try:
            super().write(arg)
        finally:
            self.sock = sock
        sock.sendall(b"".join(gathered.parts))


class _Gathered:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.parts.append(data)


def adopt() -> None:
    """Have this process' gunicorn read requests and answer them so, under our own name."""
    RequestParser.mesg_class = Request
    gunicorn.http.wsgi.Response = Response
    gunicorn.http.wsgi.SERVER = SERVER


def _is_read(body: Any) -> bool:
    """Tell whether a body was read to its end, as gunicorn's readers know it."""
    if body is None:
        return True
    reader = body.reader
    if isinstance(reader, LengthReader):
        is_over = reader.length == 0
    else:
        # Of a body in chunks its reader has met the last, and read what follows it.
        is_over = isinstance(reader, ChunkedReader) and not (reader.parser or reader.buf.tell())
    return is_over and not body.buf.tell()


def _raise_apart(head: bytes, error: Exception) -> NoReturn:
    """Raise what is wrong with a head that gunicorn's parser refuses in general terms."""
    status = head_refusal(head)
    if status == HTTPStatus.HTTP_VERSION_NOT_SUPPORTED:
        raise OtherVersion(str(error))
    if status == HTTPStatus.NOT_IMPLEMENTED:
        raise UnsupportedTransferCoding(str(error))
    raise error
