from http import HTTPStatus

import pytest
from falcon.constants import COMBINED_METHODS
from hypothesis import given
from hypothesis import strategies as st

from app.http.rules import METHODS, are_hosts, coding_refusal, head_refusal, line_refusal, phrase


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([], None),
        (["chunked"], None),
        ([" Chunked\t"], None),
        (["gzip, chunked"], 501),
        (["gzip", "chunked"], 501),
        (["identity , chunked"], 501),
        (['fancy;q="a", chunked'], 501),
        # Where the body ends can't be told.
        (["gzip"], 400),
        (["identity"], 400),
        ([""], 400),
        (["chunked, gzip"], 400),
        (["chunked", "gzip"], 400),
        (["chunked, chunked"], 400),
        (["chunked;x=y, chunked"], 400),
        (["chunked;x=y"], 400),
        (["xchunked"], 400),
        ([", chunked"], 400),
        (["a b, chunked"], 400),
        (['"chunked"'], 400),
    ],
)
def test_only_chunked_is_read_and_only_at_the_end(values: list[str], status: int | None) -> None:
    assert coding_refusal(values) == status


@given(st.lists(st.text('chunkedgzip;=, \t"', max_size=20), max_size=4))
def test_fields_are_read_as_one_list(values: list[str]) -> None:
    joined = [", ".join(values)] if values else []
    assert coding_refusal(values) == coding_refusal(joined)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /a HTTP/1.1", None),
        (b"GET /a HTTP/1.9", None),
        (b"M!$ * HTTP/1.0", None),
        (b"GET /a HTTP/2.0", 505),
        (b"GET /a HTTP/0.9", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"GET /a", 400),
        (b"GET /a HTTP/1.10", 400),
        (b"GET /a HTTP/1.", 400),
        (b"GET /a HTTP/\xb2.0", 400),
        (b"GET /a http/1.1", 400),
        (b"G,T /a HTTP/2.0", 400),
        (b"GET /a b HTTP/2.0", 400),
        (b"EHLO mail.example.com", 400),
        (b"\x16\x03\x01", 400),
        (b"", 400),
    ],
)
@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_a_request_line_says_what_it_wants(before: bytes, line: bytes, status: int | None) -> None:
    assert line_refusal(before + line + b"\r\nHost: h\r\n\r\n") == status


@given(st.binary(max_size=200))
def test_whatever_cannot_be_read_has_a_status(head: bytes) -> None:
    assert 400 <= head_refusal(head) < 600


def test_what_follows_a_head_says_nothing_about_it() -> None:
    body = b"Transfer-Encoding: gzip, chunked\r\n\r\n"
    assert head_refusal(b"GET / HTTP/1.1\r\nX\r\n\r\n" + body) == 400
    assert head_refusal(b"GET / HTTP/1.1\r\n" + body) == 501


@pytest.mark.parametrize(
    ("values", "is_needed", "are"),
    [
        ([b"h:80"], True, True),
        ([b""], True, True),
        ([b"[::1]:80"], True, True),
        ([], False, True),
        ([], True, False),
        ([b"h", b"h"], False, False),
        ([b"a b"], False, False),
        ([b"a/b"], True, False),
    ],
)
def test_a_request_names_one_host(values: list[bytes], is_needed: bool, are: bool) -> None:
    assert are_hosts(values, is_needed=is_needed) is are


def test_methods_are_those_that_falcon_knows() -> None:
    assert {*COMBINED_METHODS} - {"WEBSOCKET"} == METHODS


def test_phrases_are_those_of_the_rfc_whatever_the_python() -> None:
    assert phrase(HTTPStatus(414)) == "URI Too Long"
    assert phrase(HTTPStatus(501)) == "Not Implemented"
