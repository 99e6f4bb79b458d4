import pytest

from app.audit.click_ref import ClickRef
from app.audit.in_flight import InFlight, click_ref_of
from app.clicks.click import from_fields, to_fields
from app.dead_letters.letter import Fault
from app.dead_letters.shards import AllDeadLetters
from app.dead_letters.store import Choice, DeadLetters
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM, make_click, send, send_clicks

GROUP = "analytics-group"
FAULT = Fault("odd", "")


def click_refs_of(clicks) -> set[ClickRef]:
    return {ClickRef(click.time_ms, click.click_id) for click in clicks}


@pytest.fixture
def open_in_flight(server):
    def open_one(*spooled: ClickRef) -> InFlight:
        client = connect(server.url, timeout_seconds=30)
        letters = DeadLetters(client, server.url, stream=STREAM, dead_stream="clicks:dead")
        call = RedisConnection(connect(server.url, timeout_seconds=30), server.url, 30).call
        return InFlight(call, [STREAM], GROUP, AllDeadLetters({"": letters}), lambda: spooled)

    return open_one


def test_without_a_group_there_is_only_the_spool(redis, open_in_flight):
    one = ClickRef(7, bytes(16))
    assert open_in_flight(one).click_refs(0) == {
        "spooled": {one},
        "unread": set(),
        "pending": set(),
        "dead": set(),
    }


def test_every_click_is_seen_where_it_is(server, consumer, open_in_flight):
    clicks = send_clicks(server.url, 1_000)
    read = consumer.stream.read(600, 100, lambda: False)
    consumer.finish([entry.entry_id for entry in read[:100]])
    for entry in read[100:110]:
        consumer.stream.dead_letter(entry, FAULT, 1)
    seen = open_in_flight().click_refs(0)
    assert seen["dead"] == click_refs_of(clicks[100:110])
    assert seen["pending"] == click_refs_of(clicks[110:600])
    assert seen["unread"] == click_refs_of(clicks[600:])


def test_old_clicks_are_left_out(server, consumer, open_in_flight):
    (old, young) = (make_click(), make_click(click_id=bytes(16), timestamp=1_900_000_000))
    send(server.url, map(to_fields, (old, young)))
    seen = open_in_flight(ClickRef(old.time_ms, old.click_id)).click_refs(young.time_ms)
    assert (seen["unread"], seen["spooled"]) == (click_refs_of([young]), set())


def test_entries_that_were_deleted_while_pending_are_not_seen(
    server, redis, consumer, open_in_flight
):
    clicks = send_clicks(server.url, 3)
    redis.xdel(STREAM, consumer.read(3)[0])
    assert open_in_flight().click_refs(0)["pending"] == click_refs_of(clicks[1:])


def test_what_is_no_click_is_the_same_wherever_it_is(server, consumer, open_in_flight):
    send(server.url, [{"number": "1"}, {"number": "1"}])
    pending = consumer.stream.read(2, 100, lambda: False)
    before = open_in_flight().click_refs(0)["pending"]
    for entry in pending:
        consumer.stream.dead_letter(entry, FAULT, 1)
    assert open_in_flight().click_refs(0)["dead"] == before
    assert len(before) == 2


def test_a_click_whose_letter_was_purged_stays_dead(server, redis, consumer, open_in_flight):
    clicks = send_clicks(server.url, 3)
    send(server.url, [{"number": "1"}])
    for entry in consumer.stream.read(4, 100, lambda: False):
        consumer.stream.dead_letter(entry, FAULT, 1)
    client = connect(server.url, timeout_seconds=30)
    letters = DeadLetters(client, server.url, stream=STREAM, dead_stream="clicks:dead")
    for letter in letters.find(Choice()):
        assert letters.purge(letter)
        assert not letters.purge(letter)
    assert redis.xlen("clicks:dead") == 0
    assert open_in_flight().click_refs(0)["dead"] == click_refs_of(clicks)


def test_a_purged_click_is_forgotten_when_the_ledger_has_forgotten_it(
    server, redis, consumer, open_in_flight
):
    old = make_click(click_id=bytes(16), timestamp=1_700_000_000)
    send(server.url, [to_fields(old)])
    (entry,) = consumer.stream.read(1, 100, lambda: False)
    consumer.stream.dead_letter(entry, FAULT, 1)
    client = connect(server.url, timeout_seconds=30)
    letters = DeadLetters(client, server.url, stream=STREAM, dead_stream="clicks:dead")
    letters.purge(next(letters.find(Choice())))
    assert open_in_flight().click_refs(0)["dead"] == set()


def test_a_click_without_an_id_has_the_one_that_its_row_gets():
    fields = {name.encode(): text.encode() for name, text in to_fields(make_click()).items()}
    del fields[b"click_id"]
    click = from_fields(b"5-0", fields)
    flat = [text for pair in fields.items() for text in pair]
    assert click_ref_of(b"5-0", flat) == ClickRef(click.time_ms, click.click_id)
