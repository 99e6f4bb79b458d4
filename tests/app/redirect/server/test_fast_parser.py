"""What the reader of plain requests accepts, the parser that knows everything reads alike."""

import pytest
from gunicorn_h1c import parse_request_fast
from hypothesis import example, given
from hypothesis import strategies as st

from app.redirect.server.fast_parser import LEAVE, PlainReader
from app.redirect.server.request_parser import Limits, RequestParser, is_unusual

LIMITS = Limits(line_bytes=100, fields=10, field_bytes=200, head_bytes=600)
POSITIONS = {b"host": 2, b"user-agent": 0, b"referer": 1, b"purpose": LEAVE}
OWN = (b"connection", b"content-length", b"transfer-encoding", b"expect", b"upgrade")


def plain(data: bytes, limits: Limits = LIMITS) -> tuple | None:
    reader = PlainReader(
        POSITIONS, limits.line_bytes, limits.fields, limits.field_bytes, limits.head_bytes
    )
    return reader.read(data)


def get(*fields: bytes, target: bytes = b"/abc", host: bytes = b"go.example") -> bytes:
    return b"\r\n".join((b"GET %b HTTP/1.1" % target, b"Host: " + host, *fields, b"", b""))


def test_it_finds_what_is_wanted_and_passes_over_the_rest():
    data = get(b"uSER-aGENT:\t Browser 1 \t", b"Cookie: a=b", b"Accept: */*", target=b"/abc?d=e?f")
    values = [b"Browser 1", None, b"go.example"]
    assert plain(data) == (len(data), False, b"/abc", b"d=e?f", values)


def test_of_several_requests_it_takes_the_first():
    first = get(b"Referer: https://a.example/")
    assert plain(first + get(target=b"/next")) == plain(first)


@pytest.mark.parametrize(
    ("word", "closes"), [(b"close", True), (b"Close", True), (b"Keep-Alive", False)]
)
def test_it_tells_whether_the_connection_shall_end(word, closes):
    read = plain(get(b"Connection: " + word))
    assert read is not None
    assert read[1] is closes


@pytest.mark.parametrize("host", [b"go.example", b"go.example:8080", b"192.0.2.1:", b"a"])
def test_an_ordinary_host_is_plain(host):
    assert plain(get(host=host)) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        get()[:-1],
        get()[:-2],
        b"\r\n" + get(),
        get().replace(b"GET", b"get"),
        get().replace(b"GET", b"HEAD"),
        get().replace(b"1.1", b"1.0"),
        get().replace(b"\r\n", b"\n"),
        get().replace(b" HTTP", b"  HTTP"),
        get(target=b"http://go.example/abc"),
        get(target=b"*"),
        get(target=b"/a#b"),
        get(target=b"/\xc3\xa4"),
        get(target=b"/a\0"),
        get(target=b"/" + b"a" * 87),
        get(host=b""),
        get(host=b"[::1]"),
        get(host=b"a:b"),
        get(host=b"a/b"),
        get().replace(b"Host", b"Most"),
        get(b"Host: go.example"),
        get(b"Referer: a", b"referer: a"),
        get(b"Purpose: prefetch"),
        get(b"Connection: upgrade"),
        get(b"Connection: close, te"),
        get(b"Connection: close", b"Connection: close"),
        get(b"Content-Length: 0"),
        get(b"Transfer-Encoding: chunked"),
        get(b"Expect: 100-continue"),
        get(b"Upgrade: websocket"),
        get(b"A: b", b" c"),
        get(b"A : b"),
        get(b": b"),
        get(b"A"),
        get(b"A: b\0c"),
        get(b"A: b\rc"),
        get(b"A: b\nc"),
        get(b"A: b\x7fc"),
        get(b"A: " + b"b" * 194),
        get(*[b"A: b"] * 10),
        get(*[b"A: " + b"b" * 150] * 4),
    ],
)
def test_what_is_not_quite_plain_is_left_to_others(data):
    assert plain(data) is None


def test_everything_up_to_its_limits_is_plain():
    assert plain(get(target=b"/" + b"a" * 86)) is not None
    assert plain(get(b"A: " + b"b" * 193)) is not None
    assert plain(get(*[b"A: b"] * 9)) is not None


@pytest.mark.parametrize(
    "positions",
    [
        {},
        {b"host": LEAVE},
        {b"host": 16},
        {b"host": -2},
        {b"host": 0, b"n" * 33: 1},
        {b"host": 0} | {b"%d" % number: LEAVE for number in range(40)},
    ],
)
def test_it_says_when_it_has_no_room(positions):
    with pytest.raises(ValueError, match=r"host|room"):
        PlainReader(positions, 1, 1, 1, 1)


def test_it_reads_nothing_but_bytes():
    with pytest.raises(TypeError):
        plain("GET / HTTP/1.1\r\n\r\n")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        PlainReader({"host": 0}, 1, 1, 1, 1)  # type: ignore[dict-item]


_names = st.sampled_from([*POSITIONS, *OWN, b"Host", b"Cookie", b"X_Y", b"A b", b"\xe4", b""])
_values = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"close", b"keep-alive", b"go.example", b"h:80", b"[::1]", b" padded\t", b"0", b"\xe4" * 9]
    ),
)
_heads = st.builds(
    lambda method, target, version, host, fields, end: (
        b"%b %b %b\r\n%b%b%b"
        % (method, target, version, host, b"".join(b"%b: %b\r\n" % each for each in fields), end)
    ),
    st.sampled_from([b"GET", b"GET", b"GET", b"HEAD", b"GETS"]),
    st.one_of(
        st.sampled_from([b"/", b"/a?b", b"*", b"//"]), st.binary(max_size=5).map(b"/".__add__)
    ),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.11"]),
    st.sampled_from([b"Host: a\r\n", b"Host: a\r\n", b"host:b:1\r\n", b""]),
    st.lists(st.tuples(_names, _values), max_size=4),
    st.sampled_from([b"\r\n", b"\r\n", b"", b"\n", b"\r\nGET /next HTTP/1.1\r\n", b"\r\nbody"]),
)


def _cut_and_filled(head: bytes, at: int, to: int, filling: bytes) -> bytes:
    return head[:at] + filling + head[to:]


_mangled = st.builds(
    _cut_and_filled, _heads, st.integers(0, 80), st.integers(0, 80), st.binary(max_size=3)
)


@given(st.one_of(_heads, _mangled))
@example(get(b"Referer: a", b"User-Agent: b", b"Connection: close"))
def test_it_reads_as_the_parser_that_knows_everything_does(data):
    read = plain(data)
    if read is None:
        return
    consumed, closes, path, query, values = read
    request = RequestParser(LIMITS).read(data)
    assert request is not None
    assert not is_unusual(request)
    assert (request.method, request.minor_version, request.consumed) == (b"GET", 1, consumed)
    assert request.path == path + (b"?" + query if b"?" in request.path else b"")
    assert (request.connection_close == 1) is closes
    found = [(name.lower(), value) for name, value in request.headers]
    for name, position in POSITIONS.items():
        expected = [value for found_name, value in found if found_name == name]
        assert expected == (
            [] if position == LEAVE or values[position] is None else [values[position]]
        )


@given(st.lists(st.sampled_from([b"/a", b"/a?b", b"/%41"]), min_size=1, max_size=3))
def test_the_parser_finds_the_next_request_where_it_stopped(targets):
    data = b"".join(get(b"Accept: */*", target=target) for target in targets)
    for target in targets:
        read = plain(data)
        assert read is not None
        request = parse_request_fast(data, 0, 100, 10, 200)
        assert request.path == target
        data = data[read[0] :]
    assert data == b""
