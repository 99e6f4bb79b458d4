import socket
from email.utils import parsedate_to_datetime

import pytest

from tests.support.server.raw_client import Reader, ask, get

REFUSED = {
    "bare LF ends the request line": b"GET / HTTP/1.1\nHost: h\r\n\r\n",
    "bare LF ends a header": b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
    "bare CR in a header": b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n",
    "control in a header": b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x1bb\r\n\r\n",
    "DEL in a header": b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x7fb\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
    "space before the first header": b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
    "space before the colon": b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
    "header without a colon": b"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
    "header without a name": b"GET / HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n",
    "header name with a space": b"GET / HTTP/1.1\r\nHost: h\r\nX Y: z\r\n\r\n",
    "two Content-Lengths": get("/", "Content-Length: 1", "Content-Length: 1") + b"x",
    "list of Content-Lengths": get("/", "Content-Length: 1, 1") + b"x",
    "negative Content-Length": get("/", "Content-Length: -1"),
    "signed Content-Length": get("/", "Content-Length: +1") + b"x",
    "hexadecimal Content-Length": get("/", "Content-Length: 0x1") + b"x",
    "empty Content-Length": get("/", "Content-Length:"),
    "huge Content-Length": get("/", "Content-Length: 99999999999999999999"),
    "chunked with Content-Length": get("/", "Transfer-Encoding: chunked", "Content-Length: 5")
    + b"0\r\n\r\n",
    "Content-Length with chunked": get("/", "Content-Length: 5", "Transfer-Encoding: chunked")
    + b"0\r\n\r\n",
    "chunked twice": get("/", "Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
    "chunked not last": get("/", "Transfer-Encoding: chunked, gzip") + b"0\r\n\r\n",
    "not chunked": get("/", "Transfer-Encoding: identity"),
    "compressed, not chunked": get("/", "Transfer-Encoding: gzip"),
    "chunked in HTTP/1.0": get("/", "Transfer-Encoding: chunked", version="1.0") + b"0\r\n\r\n",
    "bad chunk size": get("/read", "Transfer-Encoding: chunked", method="POST") + b"x\r\n\r\n",
    "method with a comma": b"GE,T / HTTP/1.1\r\nHost: h\r\n\r\n",
    "no method": b" / HTTP/1.1\r\nHost: h\r\n\r\n",
    "no version": b"GET /\r\nHost: h\r\n\r\n",
    "version in small letters": b"GET / http/1.1\r\nHost: h\r\n\r\n",
    "version of two digits": b"GET / HTTP/1.10\r\nHost: h\r\n\r\n",
    "TLS": bytes.fromhex("16030100f8010000f40303") + bytes(range(64)),
    "two Hosts": b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
    "target outside ASCII": b"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n",
    "target with a control": b"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",
    "relative target": b"GET a HTTP/1.1\r\nHost: h\r\n\r\n",
    "asterisk for GET": b"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
    "two empty lines first": b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
}

#: What gunicorn takes and we refuse, because others might read it differently.
STRICTER = {
    "no Host": b"GET / HTTP/1.1\r\nX: y\r\n\r\n",
    "invalid Host": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "Host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "absolute target without a host": b"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n",
}


@pytest.mark.parametrize("data", [*REFUSED.values(), *STRICTER.values()], ids=[*REFUSED, *STRICTER])
def test_what_might_be_read_in_two_ways_is_refused_and_the_connection_closed(server, data):
    smuggled = get("/smuggled")
    answers = ask(server, data + smuggled)
    assert [answer.status for answer in answers] == [400]
    assert answers[0].headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/f", "/w"])
@pytest.mark.parametrize(
    "codings",
    [
        ("gzip, chunked",),
        ("x-gzip ;q=1 , Chunked",),
        ("fancy, chunked",),
        ("identity, chunked",),
        ("gzip", "chunked"),
        ("deflate, gzip", "chunked"),
    ],
)
def test_a_body_in_a_coding_that_is_not_implemented_is_refused_as_such(server, path, codings):
    lines = [f"Transfer-Encoding: {each}" for each in codings]
    for method in ("GET", "POST", "FOO"):
        (answer,) = ask(server, get(path, *lines, method=method) + b"0\r\n\r\n" + get("/smuggled"))
        assert (answer.status, answer.headers["connection"]) == (501, "close")


@pytest.mark.parametrize(
    "data",
    [
        get("/f", version="2.0"),
        get("/f", version="3.0"),
        get("/f", version="0.9"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_another_major_version_is_refused_as_such(server, data):
    (answer,) = ask(server, data + get("/smuggled"))
    assert (answer.status, answer.headers["connection"]) == (505, "close")


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.9"])
def test_a_later_minor_version_is_read_as_the_one_we_know(server, version):
    ways = [get(path, version=version) for path in ("/f", "/w")]
    ways.append(get("/read", "Content-Length: 3", method="POST", version=version) + b"abc")
    answers = ask(server, b"".join(ways))
    assert [answer.status for answer in answers] == [302, 302, 200]
    assert "connection" not in answers[1].headers
    (refused,) = ask(server, get("/w", version=version).replace(b"Host", b"X-Host"))
    assert refused.status == 400


@pytest.mark.parametrize("method", ["get", "Get", "X", "BREW", "M-SEARCH", "A" * 300, "M!$%"])
def test_a_method_that_nobody_knows_is_the_applications_business(server, method):
    (answer,) = ask(server, get("/show/", method=method))
    assert answer.status == 200
    assert f'"REQUEST_METHOD": "{method}"'.encode() in answer.body


@pytest.mark.parametrize("path", ["/w", "/read"])
@pytest.mark.parametrize("line", ["X: y", "Content-Length: 1", "Expect: 100-continue"])
def test_every_status_line_is_of_http_1_1(server, path, line):
    with server.connect() as sock:
        sock.sendall(get(path, line, method="POST", version="1.0") + b"x")
        assert sock.recv(100).startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_gunicorn_refuses_the_same(stock, data):
    with stock.connect() as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        first = Reader(sock).next()
    assert first is None or first.status in (400, 501)


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (414, get("/" + "a" * 5000)),
        (414, b"GET /" + b"a" * 9000),
        (414, b"\r\n" + get("/" + "a" * 5000)),
        (431, get("/", "X: " + "a" * 9000)),
        (431, get("/", *["X: y"] * 150)),
        (431, get("/", *["X: y"] * 300)),
        (431, get("/", *["X: " + "a" * 4000] * 20)),
        (431, get("/", *["X: " + "a" * 4000] * 20)[:-2]),
    ],
    ids=[
        "line", "line without an end", "line after an empty line", "field", "fields",
        "more fields than the parser holds", "head", "head without an end",
    ],
)  # fmt: skip
def test_what_is_too_large_is_refused(server, status, data):
    assert [answer.status for answer in ask(server, data)] == [status]


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (400, "Transfer-Encoding: identity"),
        (400, "Content-Length: -1"),
        (417, "Expect: <script>x-fancy"),
    ],
)
@pytest.mark.parametrize("path", ["/f", "/w"])
def test_every_refusal_says_who_and_when_and_repeats_nothing(server, status, line, path):
    (answer,) = ask(server, get(path, line))
    assert answer.status in (status, 501)
    assert parsedate_to_datetime(answer.headers["date"]).tzinfo
    assert answer.headers["server"] == "hopline"
    assert answer.headers["content-type"] == "text/plain"
    assert b"fancy" not in answer.body


def test_what_gunicorn_answers_itself_is_by_the_same_server(server):
    (answer,) = ask(
        server, get("/w", "Content-Length: 1", "Connection: close", method="POST") + b"x"
    )
    assert answer.headers["server"] == "hopline"
