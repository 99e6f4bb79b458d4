"""Falcon defines the behaviour: what the fast lane takes must look the same in every byte."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from app.links.link import encode
from app.stores.keys import link_key
from tests.support.redirect.kinds_of_links import LINKS
from tests.support.redirect_servers import RedirectServer
from tests.support.servers import RedisServer

_DATE = re.compile(rb"Date: [^\r]*\r\n")

_FIELDS = (
    b"User-Agent",
    b"user-agent",
    b"User_Agent",
    b"Referer",
    b"Accept-Language",
    b"X-Forwarded-For",
    b"Forwarded",
    b"X-Request-ID",
    b"X-Request-Start",
    b"Sec-GPC",
    b"Sec-CH-UA",
    b"sec-ch-ua-mobile",
    b"Sec-CH-UA-Platform",
    b"DNT",
    b"Sec-Purpose",
    b"Purpose",
    b"X-Moz",
    b"Sec-Fetch-Mode",
    b"Accept",
    b"Cookie",
    b"Connection",
    b"Transfer-Encoding",
)
_VALUES = st.one_of(
    st.text(st.characters(codec="latin-1", exclude_categories=("Cc",)), max_size=60).map(
        lambda text: text.encode("latin-1")
    ),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30).map(str.encode),
    st.sampled_from(
        (
            b"Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0",
            b"curl/8.14.1",
            b"203.0.113.9, 127.0.0.1",
            b'for="[2001:db8::7]:4711"',
            b"prefetch",
            b'"Chromium";v="130", "Brave";v="130", "Not?A_Brand";v="99"',
            b'"Windows"',
            b"?1",
            b"navigate",
            b"hopline_own=1",
            b"a=b; hopline_own=1; c=d",
            b"0",
            b"1",
            b"close",
            b"keep-alive",
            b"gzip, chunked",
            b"u" * 5000,
            b"a" + "\U0001f517".encode() * 500,
            b"\xff" * 900,
        )
    ),
)
_PATHS = st.one_of(
    st.sampled_from([f"/{link.code}" for link in LINKS]),
    st.sampled_from(
        [
            *("/", "/nothing", "/plain+", "/plain/", "/plain//", "//plain", "/%70lain"),
            *("/robots.txt", "/plain.", "/plain%22", "/plain&utm=x", "/plain%3Fx=1", "/few."),
            *("/over/", "/forward&a=b"),
        ]
    ),
).flatmap(
    lambda path: st.sampled_from(("", "?", "?x=1&b=2", "?utm_source=a%20b&gclid=1", "?q=\xe4")).map(
        lambda query: (path + query.encode("ascii", "ignore").decode()).encode()
    )
)
_REQUESTS = st.builds(
    lambda method, path, version, fields: (
        b"%b %b HTTP/%b\r\nHost: short.example\r\n%bConnection: close\r\n\r\n"
        % (method, path, version, b"".join(b"%b: %b\r\n" % field for field in fields))
    ),
    st.sampled_from((b"GET", b"GET", b"GET", b"GET", b"HEAD", b"POST", b"BREW", b"get")),
    _PATHS,
    st.sampled_from((b"1.1", b"1.1", b"1.1", b"1.0", b"1.2", b"2.0")),
    st.lists(st.tuples(st.sampled_from(_FIELDS), _VALUES), max_size=5),
)


class _Lane(NamedTuple):
    """A redirect service and the stream that it alone writes."""

    server: RedirectServer
    client: "redis.Redis"
    stream: str

    def visit(self, request: bytes) -> tuple[bytes, list[dict[bytes, bytes]]]:
        """Send a request; return the answer but its date, and the entries that it made."""
        answer = self.server.exchange(request)
        entries = [self._comparable(entry) for _, entry in self.client.xrange(self.stream)]
        self.client.xtrim(self.stream, maxlen=0, approximate=False)
        return _DATE.sub(b"", answer), entries

    @staticmethod
    def _comparable(entry: dict[bytes, bytes]) -> dict[bytes, bytes]:
        assert len(bytes.fromhex(entry[b"click_id"].decode())) == 16
        assert abs(int(entry[b"timestamp"]) - time.time()) < 60
        return {**entry, b"click_id": b"", b"timestamp": b""}


_Lanes = tuple[_Lane, _Lane]


@pytest.fixture(scope="module")
def lanes(shared_valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Lanes]:
    """The fast lane, and Falcon alone, over the same links."""
    with _both_lanes(shared_valkey, tmp_path_factory) as lanes:
        yield lanes


@contextmanager
def _both_lanes(
    shared_valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory, **settings: str
) -> Iterator[_Lanes]:
    shared_valkey.ensure_running()
    with redis.Redis(port=shared_valkey.port) as client:
        client.flushall()
        for link in LINKS:
            client.set(link_key(link.code), encode(link))
        made = [
            RedirectServer(
                tmp_path_factory.mktemp(stream),
                shared_valkey.url,
                stream=stream,
                fast_lane=fast_lane,
                trusted_proxies="127.0.0.1/32",
                **settings,
            )
            for stream, fast_lane in (("fast", "true"), ("falcon", "false"))
        ]
        with made[0], made[1]:
            yield (_Lane(made[0], client, "fast"), _Lane(made[1], client, "falcon"))


@settings(max_examples=300, deadline=None)
@given(request=_REQUESTS)
def test_both_lanes_give_the_same_answer_and_the_same_entry(lanes, request: bytes) -> None:
    fast, falcon = lanes
    assert fast.visit(request) == falcon.visit(request)


def test_of_a_visits_query_both_lanes_keep_what_tells_of_a_campaign_and_no_secret(lanes) -> None:
    query = b"utm_source=%00a%0d%0a&fbclid=Secret1&token=Secret2&utm_term=" + b"x" * 6_000
    for lane in lanes:
        answer, (entry,) = lane.visit(
            b"GET /plain?%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % query
        )
        assert answer.startswith(b"HTTP/1.1 302 ")
        assert entry[b"query"].startswith(b"utm_source=%00a%0d%0a&fbclid&utm_term=xxx")
        assert len(entry[b"query"]) == 500
        assert not any(b"Secret" in text for text in entry.values())


def test_who_asks_not_to_be_counted_is_marked_from_then_on_in_both_lanes(lanes) -> None:
    asked = b"POST /-/dont-count-me HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\n%b\r\n"
    for lane in lanes:
        answer, entries = lane.visit(asked % b"Content-Length: 0\r\nConnection: close\r\n")
        assert answer.startswith(b"HTTP/1.1 303 ")
        (mark,) = re.findall(rb"\r\n[Ss]et-[Cc]ookie: ([^;]+);", answer)
        assert entries == []
        for cookies, own in ((b"b=1; " + mark, b"1"), (b"b=1", None)):
            _, (entry,) = lane.visit(
                b"GET /plain HTTP/1.1\r\nHost: a\r\nCookie: %b\r\nConnection: close\r\n\r\n"
                % cookies
            )
            assert entry.get(b"own") == own


def test_of_who_asks_not_to_be_followed_both_lanes_count_the_click_alone_where_that_is_heeded(
    shared_valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = (
        b"X-Forwarded-For: 203.0.113.9\r\nUser-Agent: Gecko/2\r\nAccept-Language: de\r\n"
        b"Referer: https://u:p@news.example:8080/read?by=me\r\nX-Request-ID: 77\r\n"
        b"X-Request-Start: t=%d\r\n" % (time.time() * 1000)
    )
    with _both_lanes(shared_valkey, tmp_path_factory, count_only="gpc,dnt") as lanes:

        def entry_of(lane: _Lane, fields: bytes) -> dict[bytes, bytes]:
            request = b"GET /plain?utm_source=a HTTP/1.1\r\nHost: a\r\n%bConnection: close\r\n\r\n"
            lane.server.exchange(request % fields)
            ((_, entry),) = lane.client.xrange(lane.stream)
            lane.client.xtrim(lane.stream, maxlen=0, approximate=False)
            return entry

        known = [entry_of(lane, told + b"Sec-GPC: 0\r\nDNT: 0\r\n") for lane in lanes]
        assert all(entry[b"ip"] == b"203.0.113.9" for entry in known)
        assert b"count_only" not in known[0]
        for asked in (b"Sec-GPC: 1\r\n", b"DNT: 1\r\n", b"DNT: 1\r\nSec-GPC: 0\r\n"):
            fast, falcon = (entry_of(lane, told + asked) for lane in lanes)
            assert fast == falcon
            # The id must not tell of address and user agent, from which others are made.
            other = told.replace(b"203.0.113.9", b"203.0.113.77").replace(b"Gecko/2", b"Gecko/3")
            assert entry_of(lanes[0], other + asked)[b"click_id"] == fast[b"click_id"]
            for varies in (b"click_id", b"timestamp", b"gpc"):
                fast.pop(varies, None)
            assert fast == {
                b"short_code": b"plain",
                b"ip": b"",
                b"user_agent": b"",
                b"referer": b"https://news.example:8080/",
                b"original_url": b"https://example.com/a?b=c#d",
                b"host": b"a",
                b"query": b"utm_source=a",
                b"count_only": b"1",
            }
            program = told.replace(b"Gecko/2", b"curl/8.5.0 \xff") + asked
            assert [entry_of(lane, program)[b"count_only"] for lane in lanes] == [b"2", b"2"]


def test_both_lanes_heed_alike_whatever_is_asked(
    shared_valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with _both_lanes(shared_valkey, tmp_path_factory, count_only="gpc,dnt") as (fast, falcon):

        @settings(max_examples=100, deadline=None)
        @given(request=_REQUESTS)
        def check(request: bytes) -> None:
            assert fast.visit(request) == falcon.visit(request)

        check()


def test_both_lanes_read_the_header_that_is_named_and_no_other(
    shared_valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    real, chain = b"CF-Connecting-IP: 203.0.113.9\r\n", b"X-Forwarded-For: 6.6.6.6\r\n"
    settings = {"client_address_header": "CF-Connecting-IP"}
    with _both_lanes(shared_valkey, tmp_path_factory, **settings) as lanes:
        for fields, address in (
            (b"", b"127.0.0.1"),
            (chain + b"Forwarded: for=6.6.6.6\r\n", b"127.0.0.1"),
            (real, b"203.0.113.9"),
            (chain + real.lower(), b"203.0.113.9"),
            (real.replace(b"203.0.113.9", b"[2001:db8::7]:1"), b"2001:db8::7"),
            (b"CF-Connecting-IP: 6.6.6.6\r\n" + real, b"203.0.113.9"),
            (b"CF_Connecting_IP: 6.6.6.6\r\n" + real, b"203.0.113.9"),
            (b"CF_Connecting_IP: 6.6.6.6\r\n", b"127.0.0.1"),
            (b"X-Real-IP: 6.6.6.6\r\n", b"127.0.0.1"),
        ):
            request = b"GET /plain HTTP/1.1\r\nHost: a\r\n%bConnection: close\r\n\r\n" % fields
            for lane in (*lanes, *lanes):
                _, (entry,) = lane.visit(request)
                assert entry[b"ip"] == address


_NAMED = st.builds(
    lambda path, age_ms, request_id, fields: (
        b"GET /%b HTTP/1.1\r\nHost: a\r\nX-Request-ID: %b\r\nX-Request-Start: t=%d\r\n%b"
        b"Connection: close\r\n\r\n"
        % (path, request_id, time.time() * 1000 - age_ms, b"".join(fields))
    ),
    st.sampled_from((b"plain", b"Moved-1", b"few")),
    st.integers(0, 10_000),
    st.uuids().map(lambda each: each.hex.encode()),
    st.sets(
        st.sampled_from(
            (
                b"User-Agent: Browser\r\n",
                b"X-Forwarded-For: 203.0.113.9\r\n",
                b"Referer: https://b.example/\r\n",
                b"Sec-GPC: 1\r\n",
                b"Sec-Purpose: prefetch\r\n",
            )
        )
    ),
)


@settings(max_examples=100, deadline=None)
@given(request=_NAMED)
def test_both_lanes_give_a_visit_that_the_proxy_named_the_same_id_at_each_try(
    lanes, request: bytes
) -> None:
    entries = []
    for lane in (*lanes, *lanes):
        assert lane.server.exchange(request).startswith(b"HTTP/1.1 30")
        ((_, entry),) = lane.client.xrange(lane.stream)
        lane.client.xtrim(lane.stream, maxlen=0, approximate=False)
        entries.append(entry)
    assert all(entry == entries[0] for entry in entries)


@pytest.mark.parametrize(
    ("length", "status"),
    [(8000, b"404 Not Found"), (8192, b"414 URI Too Long"), (60_000, b"414 URI Too Long")],
)
def test_a_path_of_many_kilobytes_is_unknown_or_too_long(lanes, length: int, status: bytes) -> None:
    request = b"GET /%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % (b"a" * length)
    for lane in lanes:
        answer, entries = lane.visit(request)
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert entries == []
