from itertools import chain

import pytest

from app.audit.click_ref import ClickRef
from app.audit.finished_entries import Finished
from app.clicks.entry import Entry
from app.dead_letters.letter import Fault
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM, make_click, send, to_fields

GROUP = "analytics-group"


@pytest.fixture
def finished(server):
    return Finished(
        RedisConnection(connect(server.url, timeout_seconds=30), server.url, 30).call, STREAM, GROUP
    )


def send_clicks(server, count):
    """Send clicks; return them as they are seen, oldest first."""
    clicks = [make_click() for _ in range(count)]
    send(server.url, map(to_fields, clicks))
    return [ClickRef(click.time_ms, click.click_id) for click in clicks]


def seen(finished, since_ms=0, most=None):
    return dict(chain.from_iterable(map(dict.items, finished.clicks(since_ms, most))))


def test_nothing_is_finished_without_a_group(redis, server, finished):
    assert (finished.delivered(), finished.first_ms(), seen(finished)) == (None, None, {})
    send_clicks(server, 3)
    assert seen(finished) == {}
    assert finished.first_ms() > 0


def test_what_is_pending_or_unread_is_not_finished(server, consumer, finished):
    clicks = send_clicks(server, 700)
    read = consumer.read(600)
    consumer.finish(read[:250] + read[300:])
    found = seen(finished)
    assert found.keys() == {*clicks[:250], *clicks[300:600]}
    assert [found[click] for click in clicks[:250]] == read[:250]


def test_the_newest_are_looked_at_first_and_no_more_than_asked_for(server, consumer, finished):
    clicks = send_clicks(server, 900)
    consumer.finish(consumer.read(900))
    assert seen(finished, most=300).keys() == set(clicks[500:])
    assert seen(finished, since_ms=clicks[-1].time_ms + 60_000) == {}


def test_what_is_no_click_is_not_looked_for(redis, server, consumer, finished):
    clicks = send_clicks(server, 2)
    odd = redis.xadd(STREAM, {"number": "1"})
    clicks += send_clicks(server, 2)
    read = consumer.read(5)
    consumer.finish([entry_id for entry_id in read if entry_id != odd])
    consumer.stream.dead_letter(Entry(odd, [b"number", b"1"]), Fault("odd", ""), 1)
    assert seen(finished).keys() == set(clicks)


def test_what_leaves_the_stream_is_told(redis, server, consumer, finished):
    clicks = send_clicks(server, 3)
    consumer.finish(read := consumer.read(3))
    before = seen(finished)
    redis.xdel(STREAM, read[1])
    assert finished.still(before).keys() == {clicks[0], clicks[2]}
    assert seen(finished).keys() == {clicks[0], clicks[2]}
