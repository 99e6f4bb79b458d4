"""Live clicks as gunicorn serves them: to many at once, from one reader."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.clicks.click import Click, new_click_id, to_fields
from app.console.live.resource import PATH
from app.keys.sessions import Session, Sessions
from app.keys.store import KeyStore
from app.links.store import LinkStore
from app.local.ports import http_status
from app.stores.keys import shard_key
from app.stores.redis.client import connect
from app.stores.shards import SHARD_TAGS
from tests.support.event_stream import EventStream
from tests.support.metrics_scraper import Scraper
from tests.support.redirect_servers import ConsoleServer
from tests.support.worker_processes import wait_until

STREAM = "clicks:stream"
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
NOW_MS = 1_790_000_000_000

_numbers = iter(range(1, 10**9))


@pytest.fixture
def redis(redis_url: str) -> Iterator[Any]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def console(redis_url: str, tmp_path: Path) -> Iterator[ConsoleServer]:
    unused = "clickhouse://127.0.0.1:1/hopline"
    with ConsoleServer(tmp_path, redis_url=redis_url, clickhouse_url=unused) as server:
        yield server
        assert server.stop() == 0


def add(redis: Any, code: str = "abc", stream: str = STREAM, **fields: str) -> Click:
    click = Click(
        **{  # type: ignore[arg-type]
            "click_id": new_click_id(NOW_MS, next(_numbers).to_bytes(10, "big")),
            "short_code": code,
            "timestamp": NOW_MS // 1000,
            "ip": "203.0.113.7",
            "user_agent": PERSON,
            "referer": "https://news.example/a?b=c",
            "original_url": "https://example.com/",
            **fields,
        }
    )
    redis.xadd(stream, to_fields(click))
    return click


def opened(stream: EventStream) -> Iterator[Any]:
    """Return the events behind the first tick, which says that clicks are watched."""
    events = stream.events()
    assert next(events).name == "tick"
    return events


def clicks(events: Iterator[Any], count: int) -> list[Any]:
    return list(islice((each for each in events if each.name == "click"), count))


def test_a_click_is_shown_as_it_comes_and_no_more_of_it_than_a_row_keeps(
    console: ConsoleServer, redis: Any
) -> None:
    with EventStream(console.port, PATH) as stream:
        assert stream.status == 200
        head = stream.head.lower()
        assert "content-type: text/event-stream" in head
        assert "x-accel-buffering: no" in head
        assert "cache-control: no-store" in head
        events = opened(stream)
        click = add(redis, accept_language="de", query="gclid=secret")
        [shown] = clicks(events, 1)
        assert shown.data == {
            "time": "2026-09-21T14:13:20.000Z",
            "click_id": click.click_id.hex(),
            "code": "abc",
            "target": "https://example.com/",
            "verdict": "person",
            "bot": "",
            "reasons": [],
            "network": "203.0.113.0/24",
            "referer": "https://news.example/a?b=c",
            "user_agent": PERSON,
            "host": "",
        }
        assert shown.id.encode() == redis.xrevrange(STREAM, count=1)[0][0]
        add(redis, count_only="1", user_agent="")
        [counted] = clicks(events, 1)
        assert (counted.data["network"], counted.data["referer"]) == ("", "https://news.example/")
        # The group, which there isn't, was not made.
        assert redis.xinfo_groups(STREAM) == []


def test_only_what_is_asked_for_is_shown(
    console: ConsoleServer, redis: Any, links: LinkStore
) -> None:
    links.create({"target": "https://example.com/", "tags": "spring"}, code="c")
    asked = ("code=abc", "tag=Spring", "humans=1", "code=c&humans=0")
    streams = [EventStream(console.port, f"{PATH}?{each}") for each in asked]
    events = [opened(each) for each in streams]
    add(redis, user_agent="GPTBot/1.0")
    add(redis, "c")
    add(redis)
    found = [
        [(each.data["code"], each.data["verdict"]) for each in clicks(one, count)]
        for one, count in zip(events, (2, 1, 2, 1), strict=True)
    ]
    assert found == [
        [("abc", "bot"), ("abc", "person")],
        [("c", "person")],
        [("c", "person"), ("abc", "person")],
        [("c", "person")],
    ]
    for each in streams:
        each.close()


def test_what_was_missed_since_the_last_event_comes_first(
    console: ConsoleServer, redis: Any
) -> None:
    with EventStream(console.port, PATH) as stream:
        events = opened(stream)
        first = add(redis)
        [seen] = clicks(events, 1)
        assert seen.data["click_id"] == first.click_id.hex()
    missed = [add(redis) for _ in range(3)]
    with EventStream(console.port, f"{PATH}?after={seen.id}") as stream:
        assert [each.data["click_id"] for each in clicks(stream.events(), 3)] == [
            each.click_id.hex() for each in missed
        ]
    # Who comes back knows better than the address that it first came by.
    with EventStream(console.port, f"{PATH}?after=1-1", {"Last-Event-ID": seen.id}) as stream:
        events = stream.events()
        found = clicks(events, 3)
        last = add(redis)
        found += clicks(events, 1)
    assert [each.data["click_id"] for each in found] == [
        each.click_id.hex() for each in (*missed, last)
    ]


def test_of_many_clicks_some_are_shown_and_a_tick_says_so(
    console: ConsoleServer, redis: Any
) -> None:
    with EventStream(console.port, PATH) as stream:
        events = opened(stream)
        with redis.pipeline() as pipeline:
            for _ in range(1_000):
                add(pipeline)
            pipeline.execute()
        ticks = (each.data for each in events if each.name == "tick")
        told = next(each for each in ticks if each["matched"])
        assert told["is_sampled"]
        assert 0 < told["sent"] < told["matched"] <= told["read"] < 1_000
        last = add(redis)
        assert last.click_id.hex() in (each.data["click_id"] for each in clicks(events, 1))
    samples = Scraper(console.port)
    for name in ("sampled", "passed_over"):
        wait_until(lambda name=name: samples.sum(f"hopline_console_live_{name}_total") > 0)


def test_open_pages_take_no_threads_and_are_counted(console: ConsoleServer, redis: Any) -> None:
    streams = [EventStream(console.port, PATH) for _ in range(100)]
    events = [opened(each) for each in streams]
    assert http_status(f"127.0.0.1:{console.port}", "/-/live") == 200
    click = add(redis)
    assert {clicks(each, 1)[0].data["click_id"] for each in events} == {click.click_id.hex()}

    def watched() -> float:
        return Scraper(console.port).sum("hopline_console_live_streams")

    wait_until(lambda: watched() == 100)
    (worker,) = psutil.Process(console.pid).children()
    assert worker.num_threads() < 40
    for each in streams:
        each.close()
    wait_until(lambda: watched() == 0)


def test_who_reads_nothing_is_hung_up_on_and_others_go_on(
    console: ConsoleServer, redis: Any
) -> None:
    with EventStream(console.port, PATH) as slow, EventStream(console.port, PATH) as stream:
        events = opened(stream)
        opened(slow)

        def is_dropped() -> bool:
            add(redis, user_agent=f"{PERSON} {'x' * 8_000}")
            clicks(events, 1)
            found = Scraper(console.port)
            return found.sum("hopline_console_live_ended_total", reason="slow") == 1

        for _ in range(2_000):
            for _ in range(9):
                add(redis, user_agent=f"{PERSON} {'x' * 8_000}")
            if is_dropped():
                break
        else:
            pytest.fail("a client that reads nothing is still waited for")
        add(redis)
        assert clicks(events, 1)


def test_a_key_that_is_revoked_sees_no_more(
    console: ConsoleServer, redis: Any, redis_url: str
) -> None:
    keys = KeyStore(redis, redis_url)
    key, credential = keys.add("test", ("clicks:read",))
    _, other = keys.add("other", ("clicks:read",))
    headers = [{"Authorization": f"Bearer {each.text}"} for each in (credential, other)]
    with EventStream(console.port, PATH) as stream:
        assert stream.status == 401
    streams = [EventStream(console.port, PATH, each) for each in headers]
    events = [opened(each) for each in streams]
    keys.revoke(key.id)
    *_, end = events[0]
    assert (end.name, end.data) == ("end", {"reason": "key"})
    click = add(redis)
    assert clicks(events[1], 1)[0].data["click_id"] == click.click_id.hex()
    for each in streams:
        each.close()


def test_who_signs_out_sees_no_more(console: ConsoleServer, redis: Any, redis_url: str) -> None:
    key, credential = KeyStore(redis, redis_url).add("test", ("clicks:read",))
    sessions = Sessions(redis, redis_url)
    tokens = [sessions.begin(Session(key.id, credential.sha256)) for _ in range(2)]
    streams = [
        EventStream(console.port, PATH, {"Cookie": f"hopline_session={token}"}) for token in tokens
    ]
    events = [opened(each) for each in streams]
    sessions.end(tokens[0])
    *_, end = events[0]
    assert (end.name, end.data) == ("end", {"reason": "session"})
    click = add(redis)
    assert clicks(events[1], 1)[0].data["click_id"] == click.click_id.hex()
    for each in streams:
        each.close()


def test_a_key_with_tags_sees_clicks_of_their_links_alone(
    console: ConsoleServer, redis: Any, redis_url: str, links: LinkStore
) -> None:
    links.create({"target": "https://example.com/", "tags": "spring"}, code="c")
    links.create({"target": "https://example.com/"}, code="abc")
    _, credential = KeyStore(redis, redis_url).add("test", ("clicks:read",), tags=("spring",))
    headers = {"Authorization": f"Bearer {credential.text}"}
    for asked, status in (("code=abc", 404), ("code=nothing", 404), ("tag=autumn", 403)):
        with EventStream(console.port, f"{PATH}?{asked}", headers) as stream:
            assert stream.status == status
    with EventStream(console.port, PATH, headers) as stream:
        events = opened(stream)
        add(redis)
        add(redis, "nothing")
        own = add(redis, "c")
        found = []
        for each in events:
            found.append(each)
            if each.name == "tick" and any(one.name == "click" for one in found):
                break
    assert [each.data["click_id"] for each in found if each.name == "click"] == [own.click_id.hex()]
    ticks = [each.data for each in found if each.name == "tick"]
    assert {(each["added"], each["read"]) for each in ticks} == {(None, None)}
    assert sum(each["matched"] for each in ticks) == 1


def test_the_end_of_the_console_ends_what_is_watched_at_once(
    redis_url: str, tmp_path: Path, redis: Any
) -> None:
    unused = "clickhouse://127.0.0.1:1/hopline"
    with ConsoleServer(tmp_path, redis_url=redis_url, clickhouse_url=unused) as server:
        with EventStream(server.port, PATH) as stream:
            events = opened(stream)
            psutil.Process(server.pid).terminate()
            # As HTTP has it, and not by a connection that breaks.
            assert all(each.name != "end" for each in events)
        assert server.stop() == 0


def test_what_cannot_be_watched_is_named(console: ConsoleServer) -> None:
    wrong: list[tuple[str, dict[str, str], set[str]]] = [
        ("?humans=yes&tag=%00&limit=1", {}, {"humans", "tag", "limit"}),
        ("?code=a&code=b", {}, {"code"}),
        ("", {"Last-Event-ID": "yesterday"}, {"Last-Event-ID"}),
        ("", {"Last-Event-ID": "1-1,"}, {"Last-Event-ID"}),
        ("?after=yesterday", {}, {"after"}),
    ]
    for path, headers, fields in wrong:
        with closing(HTTPConnection("127.0.0.1", console.port, timeout=60)) as connection:
            connection.request("GET", f"{PATH}{path}", headers=headers)
            answer = connection.getresponse()
            told = json.load(answer)
        assert (answer.status, {each["field"] for each in told["errors"]}) == (400, fields)


def test_a_head_and_an_old_client_are_answered_as_http_has_it(
    console: ConsoleServer, redis: Any
) -> None:
    with closing(HTTPConnection("127.0.0.1", console.port, timeout=60)) as connection:
        connection.request("HEAD", PATH)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        # The same connection goes on.
        connection.request("GET", "/-/live")
        assert connection.getresponse().status == 200
    with socket.create_connection(("127.0.0.1", console.port), timeout=60) as old:
        old.sendall(f"GET {PATH} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        file = old.makefile("rb")
        head = b"".join(iter(file.readline, b"\r\n"))
        assert b"chunked" not in head
        assert file.readline() == b"retry: 2000\n"
        click = add(redis)
        assert any(click.click_id.hex().encode() in line for line in file)


def test_clicks_of_all_shards_are_shown_and_gone_on_with(
    redis_url: str, redis: Any, tmp_path: Path
) -> None:
    unused = "clickhouse://127.0.0.1:1/hopline"
    settings = {"redis_url": redis_url, "clickhouse_url": unused, "stream_shards": 2}
    shards = [STREAM, *(shard_key(STREAM, tag) for tag in SHARD_TAGS[:2])]
    with ConsoleServer(tmp_path, **settings) as console:
        _require_all_shards(console, redis, shards)


def test_clicks_of_a_cluster_are_shown_and_gone_on_with(cluster: Any, tmp_path: Path) -> None:
    unused = "clickhouse://127.0.0.1:1/hopline"
    settings = {"redis_url": cluster.url, "clickhouse_url": unused, "stream_shards": 2}
    shards = [STREAM, *(shard_key(STREAM, tag) for tag in SHARD_TAGS[:2])]
    with (
        ConsoleServer(tmp_path, **settings) as console,
        connect(cluster.url, timeout_seconds=30) as redis,
    ):
        _require_all_shards(console, redis, shards)


def _require_all_shards(console: ConsoleServer, redis: Any, shards: list[str]) -> None:
    def ids(added: list[Click]) -> set[str]:
        return {each.click_id.hex() for each in added}

    with EventStream(console.port, PATH) as stream:
        events = opened(stream)
        added = [add(redis, stream=shard) for shard in shards]
        seen = clicks(events, 3)
        assert {each.data["click_id"] for each in seen} == ids(added)
    missed = [add(redis, stream=shard) for shard in shards]
    with EventStream(console.port, PATH, {"Last-Event-ID": seen[-1].id}) as stream:
        found = clicks(stream.events(), 3)
    assert {each.data["click_id"] for each in found} == ids(missed)
    # An event of before shards were added leads nowhere, and is no mistake of the client's.
    with EventStream(console.port, PATH, {"Last-Event-ID": "1-1"}) as stream:
        opened(stream)


def test_a_redis_that_is_silent_is_told_like_one_that_is_gone(
    valkey_server: Callable[[], Any], tmp_path: Path
) -> None:
    server = valkey_server()
    unused = "clickhouse://127.0.0.1:1/hopline"
    settings = {"redis_url": server.url, "clickhouse_url": unused, "redis_timeout_seconds": 1}
    with ConsoleServer(tmp_path, **settings) as console, EventStream(console.port, PATH) as stream:
        events = opened(stream)
        server.signal(signal.SIGSTOP)
        try:
            away = (each for each in events if each.name == "tick" and each.data["is_redis_away"])
            # Not one alone: they go on.
            assert len(list(islice(away, 3))) == 3
        finally:
            server.signal(signal.SIGCONT)
        with connect(server.url, timeout_seconds=30) as redis:
            click = add(redis)
        assert clicks(events, 1)[0].data["click_id"] == click.click_id.hex()


def test_while_redis_is_away_a_tick_says_so_and_clicks_go_on_after(
    valkey_server: Callable[[], Any], tmp_path: Path
) -> None:
    server = valkey_server()
    unused = "clickhouse://127.0.0.1:1/hopline"
    with (
        ConsoleServer(tmp_path, redis_url=server.url, clickhouse_url=unused) as console,
        EventStream(console.port, PATH) as stream,
    ):
        events = opened(stream)
        server.stop()
        ticks = (each.data for each in events if each.name == "tick")
        assert next(each for each in ticks if each["is_redis_away"])
        server.start()
        with connect(server.url, timeout_seconds=30) as redis:
            click = add(redis)
        assert clicks(events, 1)[0].data["click_id"] == click.click_id.hex()
