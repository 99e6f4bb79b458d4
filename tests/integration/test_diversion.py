"""A stream that fills while nobody reads it: its bound eats no click, nor does Redis' memory."""

import http.client
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing

import pytest
from redis import Redis

from app.links.link import Link, encode
from app.redirect.spool.location import NAME
from app.stores.clickhouse.connection import connect
from app.stores.keys import link_key
from tests.support.producers import STREAM
from tests.support.redirect_servers import RedirectServer
from tests.support.worker_processes import Workers, wait_until

MAXLEN = 1_000
CLICKS = 2_500
#: A stream this short needs slow clicks: its marks are made for one of a million.
PER_SECOND = 500
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def redirect(valkey, tmp_path):
    with Redis.from_url(valkey.url) as client:
        link = Link(code="abc", target="https://example.com/", created_ms=1, updated_ms=1)
        client.set(link_key("abc"), encode(link))
        client.xgroup_create(STREAM, "analytics-group", "0", mkstream=True)
    server = RedirectServer(
        tmp_path / "redirect",
        valkey.url,
        redirect_workers=2,
        stream_maxlen=MAXLEN,
    )
    with server:
        yield server


def click(server: RedirectServer, count: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for _ in range(count):
        connection.request("GET", "/abc", headers=BROWSER)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 302
        # Nothing that was missed while the machine stood still comes at once afterwards.
        time.sleep(1 / PER_SECOND)
    connection.close()


def spooled(server: RedirectServer) -> int:
    with closing(sqlite3.connect(server.directory / "spool" / NAME)) as database, database:
        return int(database.execute("SELECT count(*) FROM clicks").fetchone()[0])


def test_clicks_that_nobody_reads_wait_in_the_spool_and_all_arrive(
    redirect, valkey, clickhouse, make_settings, tmp_path
):
    url = clickhouse.url("hopline")
    click(redirect, CLICKS)
    with Redis.from_url(valkey.url) as client:
        entries = client.xlen(STREAM)
        assert entries == client.xinfo_stream(STREAM)["entries-added"], "the bound ate a click"
        assert entries < MAXLEN
        assert entries + spooled(redirect) == CLICKS
    settings = make_settings(
        redis_url=valkey.url, clickhouse_url=url, consumers=1, insert_seconds=0.2
    )
    with Workers(settings, tmp_path / "workers.log"), connect(url, timeout_seconds=30) as client:
        wait_until(
            lambda: client.execute("SELECT uniqExact(click_id) FROM clicks") == [(CLICKS,)], 60
        )
    assert spooled(redirect) == 0


#: As large as nginx lets them be.
LARGEST = dict.fromkeys(("User-Agent", "Referer", "Accept-Language"), "\U0001f517".encode() * 1_500)
MEMORY_BYTES = 12 << 20


@pytest.fixture
def small_redis(valkey_server):
    server = valkey_server()
    with Redis.from_url(server.url) as client:
        link = Link(code="abc", target="https://example.com/", created_ms=1, updated_ms=1)
        client.set(link_key("abc"), encode(link))
        few = Link(
            code="few", target="https://a.example/", created_ms=1, updated_ms=1, click_limit=9
        )
        client.set(link_key("few"), encode(few))
        client.xgroup_create(STREAM, "analytics-group", "0", mkstream=True)
        client.config_set("maxmemory", MEMORY_BYTES)
    return server


def test_a_visitor_with_the_largest_headers_fills_no_redis_and_stops_nobody_else(
    small_redis, tmp_path
):
    with (
        RedirectServer(tmp_path, small_redis.url, redirect_workers=2) as redirect,
        Redis.from_url(small_redis.url) as client,
    ):
        most_used = 0
        for _ in range(40):
            visit(redirect, "/abc", 100, LARGEST)
            most_used = max(most_used, client.info("memory")["used_memory"])
        assert most_used < 0.95 * MEMORY_BYTES
        assert client.info("errorstats").get("errorstat_OOM") is None
        waiting = spooled(redirect)
        assert client.xlen(STREAM) + waiting == 4_000
        assert waiting > 500
        visit(redirect, "/few", 9, BROWSER)
        assert client.set(link_key("new"), b"{}")
        client.config_set("maxmemory", 10 * MEMORY_BYTES)
        wait_until(lambda: client.xlen(STREAM) == 4_009)


def test_finished_clicks_make_room_and_all_of_them_are_counted(
    small_redis, clickhouse, make_settings, tmp_path
):
    url = clickhouse.url("hopline")
    settings = make_settings(
        redis_url=small_redis.url, clickhouse_url=url, consumers=1, insert_seconds=0.2
    )
    with (
        Workers(settings, tmp_path / "workers.log"),
        RedirectServer(tmp_path, small_redis.url, redirect_workers=2) as redirect,
        Redis.from_url(small_redis.url) as client,
        connect(url, timeout_seconds=30) as reports,
    ):
        # Half as many again as fit into memory below the mark.
        visit(redirect, "/abc", 4_500, LARGEST)
        counted = "SELECT uniqExact(click_id) FROM clicks"
        wait_until(lambda: reports.execute(counted) == [(4_500,)], 90)
        wait_until(lambda: spooled(redirect) == 0)
        assert client.xlen(STREAM) < 3_200
        assert client.info("errorstats").get("errorstat_OOM") is None


def visit(
    server: RedirectServer, path: str, count: int, headers: Mapping[str, str | bytes]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for _ in range(count):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 302
    connection.close()
