from collections.abc import Callable, Iterator

import pytest

from app.live.stream_tail import StreamTail
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
from tests.support.servers import RedisServer

STREAM = "clicks:stream"


class Listener:
    """A tail of a server's stream, what it said, and what happens when it says or waits."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.said: list[str] = []
        self.on_wait: Callable[[], object] = lambda: None
        self.on_back: Callable[[], object] = lambda: None
        self.client = connect(server.url, timeout_seconds=30, block_ms=100)
        self.tail = StreamTail(
            self.client,
            server.url,
            [STREAM],
            block_ms=100,
            sleep=lambda _: self.on_wait(),
            say=self._hear,
        )

    def _hear(self, text: str) -> None:
        self.said.append(text)
        if text == "Redis is back":
            self.on_back()

    def add(self, entry_id: str, name: str) -> None:
        self.client.xadd(STREAM, {"n": name}, id=entry_id)


@pytest.fixture
def listener(valkey_server) -> Iterator[Listener]:
    listener = Listener(valkey_server())
    yield listener
    listener.client.close()


def test_only_entries_newer_than_the_last_are_shown_in_order(listener: Listener) -> None:
    listener.add("1-1", "old")
    entries = listener.tail.entries(listener.tail.last_ids())
    listener.add("2-1", "a")
    listener.add("10-1", "b")
    assert [next(entries), next(entries)] == [(b"2-1", {b"n": b"a"}), (b"10-1", {b"n": b"b"})]


def test_a_stream_still_to_come_is_waited_for(listener: Listener) -> None:
    entries = listener.tail.entries(listener.tail.last_ids())
    listener.add("1-1", "first")
    assert next(entries) == (b"1-1", {b"n": b"first"})


def test_the_group_is_left_alone(listener: Listener) -> None:
    listener.client.xgroup_create(STREAM, "group", "0", mkstream=True)
    entries = listener.tail.entries(listener.tail.last_ids())
    listener.add("1-1", "a")
    next(entries)
    [group] = listener.client.xinfo_groups(STREAM)
    assert (group["consumers"], group["pending"], group["lag"]) == (0, 0, 1)


def test_a_restart_of_redis_is_waited_for(listener: Listener) -> None:
    entries = listener.tail.entries(listener.tail.last_ids())
    listener.add("1-1", "before")
    next(entries)
    listener.server.stop()
    listener.on_wait = listener.server.start
    listener.on_back = lambda: listener.add("2-1", "after")
    assert next(entries) == (b"2-1", {b"n": b"after"})
    assert "is away" in listener.said[0]
    assert listener.said[1] == "Redis is back"


def test_ids_given_again_after_redis_lost_its_newest_are_shown(listener: Listener) -> None:
    listener.add("9-1", "lost")
    entries = listener.tail.entries(listener.tail.last_ids())

    def restart_empty() -> None:
        listener.server.start()
        listener.client.flushall()

    listener.server.stop()
    listener.on_wait = restart_empty
    listener.on_back = lambda: listener.add("2-1", "again")
    assert next(entries) == (b"2-1", {b"n": b"again"})


def test_entries_of_every_stream_are_shown(listener: Listener) -> None:
    other = "clicks:stream:{u0}"
    tail = StreamTail(
        listener.client,
        listener.server.url,
        [STREAM, other],
        block_ms=100,
        sleep=lambda _: None,
        say=lambda _: None,
    )
    listener.add("9-1", "old")
    entries = tail.entries(tail.last_ids())
    listener.client.xadd(other, {"n": "a"}, id="3-1")
    assert next(entries) == (b"3-1", {b"n": b"a"})
    listener.add("10-1", "b")
    listener.client.xadd(other, {"n": "c"}, id="4-1")
    assert sorted([next(entries), next(entries)]) == [
        (b"10-1", {b"n": b"b"}),
        (b"4-1", {b"n": b"c"}),
    ]


def test_redis_away_at_the_start_is_a_failure(listener: Listener) -> None:
    listener.server.kill()
    with pytest.raises(RedisUnavailable):
        listener.tail.last_ids()
