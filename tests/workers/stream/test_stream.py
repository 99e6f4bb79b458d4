import time

import pytest
from redis import Redis

from app.clicks.entry import Entry
from app.dead_letters.letter import Fault
from app.stores.keys import leases_key, ledger_key
from tests.support.producers import STREAM, send
from workers.stream.stream import FIRST_ID

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


def test_what_was_asked_ahead_is_what_is_read_next(server, open_stream):
    sent = send(server.url, entries_of(5))
    stream = open_stream(server.url)
    stream.ensure_group()
    stream.ask_ahead(3)
    assert [entry.entry_id for entry in stream.read(1, 100, never)] == sent[:3]
    assert [entry.entry_id for entry in stream.read(10, 100, never)] == sent[3:]
    stream.ask_ahead(3)
    assert stream.read(1, 100, never) == []


def test_what_was_asked_ahead_and_given_up_is_pending_here(server, open_stream):
    sent = send(server.url, entries_of(5))
    stream = open_stream(server.url)
    stream.ensure_group()
    stream.ask_ahead(3)
    stream.give_up()
    assert [entry.entry_id for entry in stream.read(10, 100, never)] == sent[3:]
    assert [entry.entry_id for entry in stream.own(10, FIRST_ID)] == sent


def test_own_pending_entries_are_walked_through_and_that_is_no_delivery(server, open_stream):
    sent = send(server.url, entries_of(5))
    stream = open_stream(server.url)
    stream.ensure_group()
    stream.read(10, 100, never)
    for _ in range(3):
        seen, after = [], FIRST_ID
        while entries := stream.own(2, after):
            after = entries[-1].entry_id
            seen += entries
        assert [entry.entry_id for entry in seen] == sent
        assert {entry.deliveries for entry in seen} == {1}


def test_own_entries_trimmed_while_pending_are_lost_and_counted(server, open_stream, metrics):
    sent = send(server.url, entries_of(5))
    stream = open_stream(server.url)
    stream.ensure_group()
    stream.read(10, 100, never)
    with Redis.from_url(server.url) as client:
        client.xdel(STREAM, sent[0], sent[1], sent[3])
    assert [entry.entry_id for entry in stream.own(2, FIRST_ID)] == [sent[2]]
    assert [entry.entry_id for entry in stream.own(2, sent[2])] == [sent[4]]
    assert stream.own(2, sent[4]) == []
    assert pending(server.url) == [(sent[2], b"me"), (sent[4], b"me")]
    assert metrics.entries_lost._value.get() == 3


def claim_all(stream, dead, count=2):
    pages = []
    while page := stream.claim_entries(dead, count):
        pages.append(page)
    return pages


def test_the_entries_of_the_dead_are_taken_over_page_by_page(server, open_stream, metrics):
    sent = send(server.url, entries_of(600))
    dead = open_stream(server.url, "dead")
    dead.ensure_group()
    dead.read(600, 100, never)
    with Redis.from_url(server.url) as client:
        client.xdel(STREAM, sent[0])
    stream = open_stream(server.url)
    assert stream.claim_consumers(["dead"], 60_000) == ["dead"]
    pages = claim_all(stream, "dead", 100)
    assert [entry.entry_id for page in pages for entry in page] == sent[1:]
    assert [len(page) for page in pages] == [255, 256, 88]
    assert {entry.deliveries for page in pages for entry in page} == {2}
    assert {consumer for _, consumer in pending(server.url)} == {b"me"}
    assert metrics.entries_lost._value.get() == 1
    assert metrics.entries_claimed._value.get() == 599


def test_the_more_consumers_died_over_entries_the_fewer_come_at_once(server, open_stream):
    send(server.url, entries_of(70))
    open_stream(server.url).ensure_group()
    open_stream(server.url, "dead0").read(70, 100, never)
    sizes = []
    for death in range(6):
        stream = open_stream(server.url, f"dead{death + 1}")
        stream.claim_consumers([f"dead{death}"], 60_000)
        pages = claim_all(stream, f"dead{death}")
        assert {entry.deliveries for page in pages for entry in page} == {death + 2}
        sizes.append(max(map(len, pages)))
    assert sizes == [70, 64, 16, 4, 1, 1]


def test_a_page_is_no_larger_than_its_most_suspect_entry_allows(server, open_stream):
    sent = send(server.url, entries_of(10))
    stream = open_stream(server.url)
    stream.ensure_group()
    stream.read(10, 100, never)
    with Redis.from_url(server.url) as client:
        client.xclaim(STREAM, GROUP, "me", 0, [sent[5]], retrycount=6)
    walked, after = [], FIRST_ID
    while page := stream.own(100, after):
        walked.append(len(page))
        after = page[-1].entry_id
    assert walked == [5, 1, 4]


def test_a_living_consumer_keeps_its_entries(server, open_stream, open_fence):
    send(server.url, entries_of(1))
    open_fence(server.url, "alive").keep()
    alive = open_stream(server.url, "alive")
    alive.ensure_group()
    alive.read(10, 100, never)
    stream = open_stream(server.url)
    assert stream.claim_consumers([], 60_000) == []
    assert stream.claim_entries("alive", 10) == []


def test_a_clock_that_was_set_back_keeps_nobody_alive(server, open_stream, open_fence):
    send(server.url, entries_of(1))
    open_fence(server.url, "dead").keep()
    dead = open_stream(server.url, "dead")
    dead.ensure_group()
    dead.read(10, 100, never)
    with Redis.from_url(server.url) as client:
        client.zadd(leases_key(STREAM, GROUP), {"dead": time.time() * 1000 + 3_600_000})
    assert open_stream(server.url).claim_consumers([], 60_000) == ["dead"]


def test_one_without_a_lease_is_dead_once_it_is_silent(server, open_stream):
    send(server.url, entries_of(1))
    silent = open_stream(server.url, "silent")
    silent.ensure_group()
    silent.read(10, 100, never)
    stream = open_stream(server.url)
    assert stream.claim_consumers([], 60_000) == []
    deadline = time.monotonic() + 60
    while not (dead := stream.claim_consumers([], 20)):
        assert time.monotonic() < deadline
    assert dead == ["silent"]


def test_the_dead_have_one_claimant_at_a_time(server, open_stream, open_fence):
    send(server.url, entries_of(1))
    dead = open_stream(server.url, "dead")
    dead.ensure_group()
    dead.read(10, 100, never)
    for name in ("claimant", "other"):
        open_fence(server.url, name).keep()
    assert open_stream(server.url, "claimant").claim_consumers(["dead"], 60_000) == ["dead"]
    other = open_stream(server.url, "other")
    assert other.claim_consumers(["dead"], 60_000) == []
    assert other.claim_entries("dead", 10) == []
    assert other.claim_consumers(["claimant", "dead"], 60_000) == []
    assert len(open_stream(server.url, "claimant").claim_entries("dead", 10)) == 1


def test_the_claimant_of_a_dead_claimant_gets_everything(server, open_stream, open_fence):
    send(server.url, entries_of(1))
    dead = open_stream(server.url, "dead")
    dead.ensure_group()
    dead.read(10, 100, never)
    open_stream(server.url, "claimant").claim_consumers(["dead"], 60_000)
    other = open_stream(server.url, "other")
    assert other.claim_consumers(["dead"], 60_000) == ["dead"]
    assert len(other.claim_entries("dead", 10)) == 1


def test_entries_are_fetched_by_their_ids(server, open_stream):
    sent = send(server.url, entries_of(600))
    stream = open_stream(server.url)
    with Redis.from_url(server.url) as client:
        client.xdel(STREAM, sent[1])
    pieces = list(stream.fetch([*sent, b"1-1"], deliveries=2))
    assert [len(piece) for piece in pieces] == [249, 250, 100]
    found = [entry for piece in pieces for entry in piece]
    assert [entry.entry_id for entry in found] == [sent[0], *sent[2:]]
    assert found[0] == Entry(sent[0], [b"number", b"0"], 2)


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


def calls(client: Redis, command: str) -> int:
    return client.info("commandstats").get(f"cmdstat_{command}", {}).get("calls", 0)


def test_however_many_letters_are_looked_through_nobody_else_is_held_up(server, open_stream):
    sent = send(server.url, entries_of(3))
    stream = open_stream(server.url)
    stream.ensure_group()
    entries = stream.read(10, 100, never)
    with Redis.from_url(server.url) as client:
        for entry_id in (*[b"1-1"] * 1_000, sent[1]):
            client.xadd("clicks:dead", {"reason": "not_utf8", "entry_id": entry_id})
        client.config_resetstat()
        for entry in entries:
            stream.dead_letter(entry, FAULT, 0)
        assert calls(client, "xrange") < calls(client, "eval") < 30
        found = [letter[b"entry_id"] for _, letter in client.xrange("clicks:dead")]
        assert client.hget(ledger_key(STREAM, GROUP), "dead") == b"3"
    assert found[1_000:] == [sent[1], sent[0], sent[2]]
    assert pending(server.url) == []


def test_what_another_has_claimed_is_not_dead_lettered(server, open_stream):
    send(server.url, entries_of(1))
    slow = open_stream(server.url, "slow")
    slow.ensure_group()
    (entry,) = slow.read(10, 100, never)
    stream = open_stream(server.url)
    stream.claim_consumers(["slow"], 60_000)
    stream.claim_entries("slow", 10)
    slow.dead_letter(entry, FAULT, 0)
    with Redis.from_url(server.url) as client:
        assert client.xlen("clicks:dead") == 0
    assert pending(server.url) == [(entry.entry_id, b"me")]


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


def consumers(url: str) -> list[bytes]:
    with Redis.from_url(url) as client:
        return [one["name"] for one in client.xinfo_consumers(STREAM, GROUP)]


def test_a_consumer_is_forgotten_only_without_pending_entries(server, open_stream):
    (sent,) = send(server.url, entries_of(1))
    dead = open_stream(server.url, "dead")
    dead.ensure_group()
    dead.read(10, 100, never)
    stream = open_stream(server.url)
    assert not stream.forget("dead")
    assert consumers(server.url) == [b"dead"]
    with Redis.from_url(server.url) as client:
        client.xack(STREAM, GROUP, sent)
    assert stream.forget("dead")
    assert consumers(server.url) == []


def test_who_leaves_with_entries_can_be_claimed_from_at_once(server, open_stream, open_fence):
    send(server.url, entries_of(1))
    open_fence(server.url, "leaving").keep()
    leaving = open_stream(server.url, "leaving")
    leaving.ensure_group()
    leaving.read(10, 100, never)
    leaving.leave()
    assert open_stream(server.url).claim_consumers([], 60_000) == ["leaving"]
