"""Answers in place of gunicorn's own to requests that it refuses, or that fail.

Which error it is, gunicorn decides. Its pages repeat what the client sent, have no Date (RFC 9110
§6.6.1) and, on Python 3.14, a header that ends in a bare line feed.
"""

from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from gunicorn import util

from app.gunicorn.messages import OtherVersion, adopt
from app.http.rules import SERVER, phrase

WriteError = Callable[[HTTPStatus], tuple[str, str]]


def plain_error(status: HTTPStatus) -> tuple[str, str]:
    """Return media type and text of an answer for a person."""
    return "text/plain", f"{status.value} {phrase(status)}\n"


class OwnErrors:
    """Mixin for gunicorn's workers; stands before them among the bases."""

    @staticmethod
    def write_error(status: HTTPStatus) -> tuple[str, str]:
        """Return media type and text of an answer."""
        return plain_error(status)

    def init_process(self) -> None:
        """Have gunicorn read and answer requests by the RFC, then serve.

        It lets through methods and minor versions that it doesn't know, for they aren't malformed.
        """
        adopt()
        self.cfg.set("permit_unconventional_http_method", True)  # type: ignore[attr-defined]
        self.cfg.set("permit_unconventional_http_version", True)  # type: ignore[attr-defined]
        super().init_process()  # type: ignore[misc]

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that gunicorn refuses to serve, or that failed."""
        unsent = _Unsent()
        super().handle_error(req, unsent, addr, exc)  # type: ignore[misc]
        if isinstance(exc, OtherVersion):
            unsent.status = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
        if unsent.status is not None:
            try:
                util.write_nonblock(client, error_answer(unsent.status, self.write_error))
            except OSError as error:
                self.log.debug("the client did not take its error: %s", error)  # type: ignore[attr-defined]


class _Unsent:
    """A socket to whoever would answer on it; only the answer's status is kept."""

    def __init__(self) -> None:
        self.status: HTTPStatus | None = None

    def gettimeout(self) -> float:
        return 0.0

    def sendall(self, data: bytes) -> None:
        if self.status is None:
            self.status = HTTPStatus(int(data.split(b" ", 2)[1]))


def error_answer(status: HTTPStatus, write_error: WriteError = plain_error) -> bytes:
    """Return the bytes of an answer, the last of its connection."""
    media_type, text = write_error(status)
    return (
        f"HTTP/1.1 {status.value} {phrase(status)}\r\nServer: {SERVER}\r\n"
        f"Date: {formatdate(usegmt=True)}\r\nConnection: close\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    ).encode()
