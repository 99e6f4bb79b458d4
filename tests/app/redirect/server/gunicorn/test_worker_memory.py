"""A worker's memory under headers that are as large as they may be, and never the same twice."""

import socket

import psutil
import redis

from app.links.link import Link, encode
from app.stores.keys import link_key
from tests.support.redirect_servers import RedirectServer
from tests.support.server.raw_client import Reader

_VISITS = 2_000
_LINE = b"X-Forwarded-For: %d-%d-%b\r\n"
_MOST_GROWTH_BYTES = 40 << 20


def _visit(number: int) -> bytes:
    filling = b"x" * 7_900
    return b"GET /abc HTTP/1.1\r\nHost: %b\r\n%bUser-Agent: %d%b\r\n\r\n" % (
        b"h%d" % number + b"h" * 7_000,
        b"".join(_LINE % (number, line, filling) for line in range(5)),
        number,
        filling,
    )


def test_headers_that_never_repeat_leave_nothing_behind(redis_url, tmp_path):
    with redis.Redis.from_url(redis_url) as client:
        link = Link(code="abc", target="https://a.example/", created_ms=1, updated_ms=1)
        client.set(link_key("abc"), encode(link))
    with (
        RedirectServer(tmp_path, redis_url, redirect_workers=1, resend_seconds=0.1) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as sock,
    ):
        [worker] = psutil.Process(server.pid).children()
        reader = Reader(sock)
        sizes = []
        for number in range(_VISITS):
            sock.sendall(_visit(number))
            assert reader.next().status == 302
            if number % (_VISITS // 10) == 0:
                sizes.append(worker.memory_info().rss)
        assert worker.memory_info().rss - sizes[1] < _MOST_GROWTH_BYTES
