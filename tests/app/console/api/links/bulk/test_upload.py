"""Bodies that are received whole, or not at all."""

import io
import socket
from typing import Any

import falcon
import falcon.testing
import pytest

from app.console.api.links.bulk import upload
from app.console.api.links.bulk.upload import limit_silence, received
from app.console.api.problem import Problem


class Stream(io.BytesIO):
    """A body at whose end an error comes."""

    def __init__(self, body: bytes, error: Exception) -> None:
        super().__init__(body)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            raise self._error
        return piece


def request(body: Any, length: int | None = None, **more: object) -> falcon.Request:
    environ = falcon.testing.create_environ("/", method="POST")
    environ |= {"wsgi.input": body, "wsgi.input_terminated": True, **more}
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    return falcon.Request(environ)


@pytest.mark.parametrize("length", [None, 200_000])
def test_a_body_is_there_whole_with_a_length_or_without(length: int | None) -> None:
    body = bytes(range(200)) * 1000
    with received(request(io.BytesIO(body), length), 200_000) as file:
        assert file.read() == body
    assert file.closed or file.raw.closed


@pytest.mark.parametrize("length", [None, 11])
def test_a_body_that_is_too_large_is_refused_with_a_length_or_without(length: int | None) -> None:
    with pytest.raises(Problem) as caught, received(request(io.BytesIO(b"x" * 11), length), 10):
        raise AssertionError
    assert caught.value.kind == "body-too-large"


@pytest.mark.parametrize(
    ("body", "length"), [(io.BytesIO(b"short"), 6), (Stream(b"short", OSError("gone")), None)]
)
def test_a_body_that_is_cut_off_is_none(body: io.BytesIO, length: int | None) -> None:
    with pytest.raises(Problem) as caught, received(request(body, length), 10):
        raise AssertionError
    assert caught.value.kind == "invalid-body"


def test_a_client_that_falls_silent_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "PATIENCE_SECONDS", 0.01)
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb", buffering=0) as body:
        theirs.sendall(b"some")
        silent = request(body, **{"gunicorn.socket": ours})
        limit_silence(silent)
        with pytest.raises(falcon.HTTPError) as caught, received(silent, 10):
            raise AssertionError
        assert caught.value.status == falcon.HTTP_408
        # And one that doesn't read, once what is under way for it fills the connection.
        with pytest.raises(TimeoutError):
            ours.sendall(b"x" * (1 << 24))
