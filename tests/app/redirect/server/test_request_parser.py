import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.rules import is_host
from app.redirect.server.request_parser import Limits, Refused, RequestParser, is_unusual

LIMITS = Limits(line_bytes=200, fields=10, field_bytes=300, head_bytes=1000)

tokens = st.text("abcXYZ019-.~", min_size=1, max_size=30).map(str.encode)
fields = st.tuples(tokens, st.binary(max_size=40)).map(lambda pair: b"%b: %b\r\n" % pair)
hosts = st.sampled_from([b"Host: h\r\n", b"", b"Host: a b\r\n", b"Host: h\r\nhost: h\r\n"])
ends = st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\n\r\n", b""])
requests = st.builds(
    lambda first, method, path, version, host, others, end: (
        first + b"%b %b HTTP/%b\r\n" % (method, path, version) + host + b"".join(others) + end
    ),
    st.sampled_from([b"", b"", b"\r\n", b"\n"]),
    st.sampled_from([b"GET", b"HEAD", b"get", b"P\0T"]),
    st.one_of(tokens.map(lambda token: b"/" + token), st.just(b"/" + b"a" * 300), st.binary()),
    st.sampled_from([b"1.1", b"1.0", b"2.0"]),
    hosts,
    st.lists(fields, max_size=12),
    ends,
)


def read_all(pieces: list[bytes]) -> tuple[list[tuple[bytes, bytes]], bool]:
    """Read pieces as a connection does: the requests, and whether the rest was refused."""
    parser = RequestParser(LIMITS)
    found, buffer, seen = [], b"", 0
    for piece in pieces:
        buffer += piece
        try:
            while buffer and (request := parser.read(buffer, seen)):
                found.append((request.path, request.headers))
                buffer, seen = buffer[request.consumed :], 0
        except Refused:
            return found, True
        seen = len(buffer)
    return found, False


@given(data=st.lists(requests, min_size=1, max_size=4).map(b"".join), drawn=st.data())
def test_any_split_gives_the_same_requests(data, drawn):
    data += b"\r\n\r\n"
    cuts = sorted(drawn.draw(st.lists(st.integers(0, len(data)), max_size=10)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert read_all(pieces) == read_all([data])


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    read_all([data])


def read(data: bytes, seen: int = 0):
    return RequestParser(LIMITS).read(data, seen)


def test_an_incomplete_head_is_no_request_yet():
    assert read(b"GET / HTTP/1.1\r\nHost: h\r\n") is None


def test_what_follows_a_head_is_left():
    data = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b"
    assert data[read(data).consumed :] == b"GET /b"


@pytest.mark.parametrize(
    ("status", "data"),
    [
        ("414", b"GET /" + b"a" * 198),
        ("414", b"\r\nGET /" + b"a" * 198),
        ("414", b"GET /" + b"a" * 198 + b" HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("414", b"\r\nGET /" + b"a" * 198 + b" HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("431", b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 11 + b"\r\n"),
        ("431", b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"y" * 300 + b"\r\n\r\n"),
        ("431", b"GET / HTTP/1.1\r\nHost: h\r\n" + (b"X: " + b"y" * 280 + b"\r\n") * 4 + b"\r\n"),
        ("431", b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"y" * 1000),
        ("400", b"GET / HTTP/1.1\r\n\r\n"),
    ],
)
def test_limits(status, data):
    with pytest.raises(Refused) as refused:
        read(data)
    assert refused.value.status.startswith(status)


@pytest.mark.parametrize(
    "host", [b"", b"h", b"h:80", b"h:", b"a-b.c_d.example:8080", b"127.0.0.1", b"[::1]:80", b"%41"]
)
def test_hosts_that_are_taken(host):
    assert is_host(host)


@pytest.mark.parametrize(
    "host", [b"a b", b"a/b", b"a@b", b"a\\b", b"h:x", b"[::1", b"\xc3\xa9", b"a\tb", b"h\n", b"%4"]
)
def test_hosts_that_are_not(host):
    assert not is_host(host)


@pytest.mark.parametrize(
    ("unusual", "start", "lines"),
    [
        (False, b"GET /", b"Content-Length: 0\r\n"),
        (False, b"POST /", b"X: y\r\n"),
        (True, b"POST /", b"Content-Length: 1\r\n"),
        (True, b"POST /", b"Transfer-Encoding: chunked\r\n"),
        (True, b"GET /", b"Transfer-Encoding: identity\r\n"),
        (True, b"GET /", b"Expect: 100-continue\r\n"),
        (True, b"GET /", b"Connection: upgrade\r\nUpgrade: websocket\r\n"),
        (True, b"CONNECT h:1", b""),
    ],
)
def test_what_is_left_to_gunicorn(unusual, start, lines):
    assert is_unusual(read(start + b" HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n")) is unusual


def test_hosts_are_remembered_boundedly():
    parser = RequestParser(LIMITS)
    for number in range(5000):
        parser.read(b"GET / HTTP/1.1\r\nHost: h%d\r\n\r\n" % number)
    assert len(parser._hosts) <= 1024
    for number in range(500):
        parser.read(b"GET / HTTP/1.1\r\nHost: %d%b\r\n\r\n" % (number, b"h" * 270))
    assert max(map(len, parser._hosts)) <= 260
