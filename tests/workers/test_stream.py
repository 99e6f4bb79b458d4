import time

import pytest
from redis import Redis

from app.dead_letter import Fault
from tests.producers import STREAM, send
from workers.entry import Entry
from workers.stream import FIRST_ID

GROUP = "analytics-group"
FAULT = Fault("not_utf8", "short_code is not UTF-8")


def never() -> bool:
    return False


@pytest.fixture
def server(any_redis_server):
    return any_redis_server()


def pending(url: str) -> list[tuple[bytes, bytes]]:
    with Redis.from_url(url) as client:
        found = client.xpending_range(STREAM, GROUP, "-", "+", 100)
    return [(one["message_id"], one["consumer"]) for one in found]


def entries_of(count: int) -> list[dict[str, str]]:
    return [{"number": str(number)} for number in range(count)]


def test_a_group_begins_with_the_oldest_entry_and_is_made_once(server, open_stream):
    sent = send(server.url, entries_of(3))
    stream = open_stream(server.url)
    stream.ensure_group()
    stream.ensure_group()
    read = stream.read(2, 100, never)
    assert read == [Entry(sent[0], [b"number", b"0"]), Entry(sent[1], [b"number", b"1"])]
    assert [entry.entry_id for entry in stream.read(10, 100, never)] == sent[2:]
    assert stream.read(10, 10, never) == []


def test_acked_entries_are_no_longer_pending(server, open_stream):
    sent = send(server.url, entries_of(3))
    stream = open_stream(server.url)
    stream.ensure_group()
    stream.read(10, 100, never)
    stream.ack(sent[:2])
    assert pending(server.url) == [(sent[2], b"me")]


def test_own_pending_entries_are_walked_through_once(server, open_stream):
    sent = send(server.url, entries_of(5))
    stream = open_stream(server.url)
    stream.ensure_group()
    stream.read(10, 100, never)
    seen, after = [], FIRST_ID
    while after is not None:
        entries, after = stream.own_pending(2, after)
        seen += [entry.entry_id for entry in entries]
    assert seen == sent


def test_own_entries_trimmed_while_pending_are_lost_and_counted(server, open_stream, metrics):
    sent = send(server.url, entries_of(3))
    stream = open_stream(server.url)
    stream.ensure_group()
    stream.read(10, 100, never)
    with Redis.from_url(server.url) as client:
        client.xdel(STREAM, sent[1])
    entries, after = stream.own_pending(10, FIRST_ID)
    assert [entry.entry_id for entry in entries] == [sent[0], sent[2]]
    assert after == sent[2]
    assert pending(server.url) == [(sent[0], b"me"), (sent[2], b"me")]
    assert metrics.entries_lost._value.get() == 1


def test_stale_entries_are_claimed_page_by_page(server, open_stream, metrics):
    sent = send(server.url, entries_of(5))
    dead = open_stream(server.url, "dead")
    dead.ensure_group()
    dead.read(10, 100, never)
    with Redis.from_url(server.url) as client:
        client.xdel(STREAM, sent[0])
    claimed, cursor = [], FIRST_ID
    while cursor is not None:
        entries, cursor = open_stream(server.url).claim(2, 0, cursor)
        claimed += [entry.entry_id for entry in entries]
    assert claimed == sent[1:]
    assert {consumer for _, consumer in pending(server.url)} == {b"me"}
    assert metrics.entries_lost._value.get() == 1
    assert metrics.entries_claimed._value.get() == 4


def test_young_entries_are_left_to_their_consumer(server, open_stream):
    send(server.url, entries_of(1))
    other = open_stream(server.url, "other")
    other.ensure_group()
    other.read(10, 100, never)
    assert open_stream(server.url).claim(10, 60_000, FIRST_ID) == ([], None)


def test_a_dead_letter_leaves_the_pending_list_in_the_same_step(server, open_stream, metrics):
    (sent,) = send(server.url, [{b"short_code": b"\xff", b"ip": b""}])
    stream = open_stream(server.url)
    stream.ensure_group()
    (entry,) = stream.read(10, 100, never)
    for _ in range(2):
        stream.dead_letter(entry, FAULT, time.time_ns() // 1_000_000)
    with Redis.from_url(server.url) as client:
        ((_, letter),) = client.xrange("clicks:dead")
    assert pending(server.url) == []
    assert letter[b"entry_id"] == sent
    assert letter[b"reason"] == b"not_utf8"
    assert letter[b"deliveries"] == b"1"
    assert letter[b"field:short_code"] == b"\xff"
    assert letter[b"field:ip"] == b""
    assert metrics.dead_letters.labels("not_utf8")._value.get() == 1


def test_a_letter_of_thousands_of_fields_is_moved_too(server, open_stream):
    send(server.url, [{f"name{number}": "x" for number in range(10_000)}])
    stream = open_stream(server.url)
    stream.ensure_group()
    (entry,) = stream.read(10, 100, never)
    stream.dead_letter(entry, FAULT, 0)
    with Redis.from_url(server.url) as client:
        assert client.xlen("clicks:dead") == 1


def test_dead_letters_are_bounded(server, open_stream):
    send(server.url, entries_of(600))
    stream = open_stream(server.url, dead_maxlen=100)
    stream.ensure_group()
    for entry in stream.read(600, 100, never):
        stream.dead_letter(entry, FAULT, 0)
    with Redis.from_url(server.url) as client:
        assert 100 <= client.xlen("clicks:dead") < 300


def test_a_consumer_is_forgotten_only_without_pending_entries(server, open_stream):
    sent = send(server.url, entries_of(1))
    dead = open_stream(server.url, "dead")
    dead.ensure_group()
    dead.read(10, 100, never)
    stream = open_stream(server.url)
    assert not stream.forget("dead")
    assert [(one.name, one.pending) for one in stream.consumers()] == [("dead", 1)]
    stream.ack(sent)
    dead.leave()
    assert stream.consumers() == []
