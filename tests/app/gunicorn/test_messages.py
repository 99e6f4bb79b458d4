from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from app.gunicorn.messages import Response


class _Sock:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.sent.append(data)


def _response(sock: _Sock, method: str = "GET", *, length: int | None) -> Response:
    request = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False)
    response = Response(request, sock, Config())
    headers = [] if length is None else [("Content-Length", str(length))]
    response.start_response("200 OK", headers)
    return response


def test_sends_head_and_body_at_once() -> None:
    sock = _Sock()
    response = _response(sock, length=5)
    response.write(b"hello")
    response.close()
    (sent,) = sock.sent
    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sent.endswith(b"\r\n\r\nhello")


def test_sends_each_part_of_an_answer_that_goes_on_as_it_comes() -> None:
    sock = _Sock()
    response = _response(sock, length=None)
    response.write(b"one")
    assert sock.sent[0].endswith(b"\r\n\r\n3\r\none\r\n")
    response.write(b"more")
    response.close()
    assert sock.sent[1:] == [b"4\r\nmore\r\n", b"0\r\n\r\n"]


@pytest.mark.parametrize(("method", "length"), [("HEAD", 5), ("GET", None)])
def test_sends_the_head_where_no_body_follows_yet(method: str, length: int | None) -> None:
    sock = _Sock()
    response = _response(sock, method, length=length)
    response.write(b"hello" if method == "HEAD" else b"")
    (sent,) = sock.sent
    assert sent.endswith(b"\r\n\r\n")


def test_copies_no_large_body() -> None:
    sock = _Sock()
    body = b"x" * 1_000_000
    _response(sock, length=len(body)).write(body)
    assert sock.sent[1] is body


def test_sends_nothing_of_a_body_that_is_no_bytes() -> None:
    sock = _Sock()
    with pytest.raises(TypeError):
        _response(sock, length=1).write("x")  # type: ignore[arg-type]
    assert sock.sent == []
