from datetime import UTC, datetime

import pytest
from redis import Redis

from app.clicks.click import to_fields
from app.dead_letters.letter import Fault, to_letter
from app.dead_letters.store import CannotRequeue, Choice, DeadLetters, LetterNotFound
from app.stores.redis.client import connect
from tests.support.producers import STREAM, make_click

DEAD = "clicks:dead"


@pytest.fixture
def letters(server):
    client = connect(server.url, timeout_seconds=30)
    return DeadLetters(client, server.url, stream=STREAM, dead_stream=DEAD)


def add_letter(
    redis: Redis, number: int, reason: str = "poison", flat: list[bytes] | None = None
) -> str:
    """Add a letter that died at a second of 1970; return its id."""
    fields = flat or [text.encode() for pair in to_fields(make_click()).items() for text in pair]
    letter = to_letter(b"7-0", fields, Fault(reason, "for a test"), "me", 9)
    return redis.execute_command("XADD", DEAD, f"{number * 1000}-0", *letter).decode()


def second(number: int) -> datetime:
    return datetime.fromtimestamp(number, UTC)


def test_letters_are_found_by_reason_and_time(redis, letters):
    ids = [
        add_letter(redis, number, "poison" if number % 2 else "other") for number in range(1, 301)
    ]

    def found(choice, **order):
        return [one.letter_id.decode() for one in letters.find(choice, **order)]

    assert found(Choice()) == ids
    assert found(Choice(), newest_first=True) == ids[::-1]
    assert found(Choice("poison")) == ids[::2]
    assert found(Choice(since=second(5), until=second(8))) == ids[4:7]
    assert found(Choice("other", second(5), second(8)), newest_first=True) == [ids[5]]
    assert found(Choice("nothing")) == []


def test_no_letters_are_no_letters(letters):
    assert list(letters.find(Choice())) == []
    with pytest.raises(LetterNotFound):
        letters.get("5-0")


def test_a_letter_that_dies_again_is_not_met_twice(redis, letters):
    for number in range(1, 151):
        add_letter(redis, number)
    met = 0
    for met, _ in enumerate(letters.find(Choice()), 1):
        add_letter(redis, 1000 + met)
    assert met == 150


def test_a_requeued_entry_is_in_the_stream_and_no_longer_dead(redis, letters):
    flat = [b"b", b"1", b"a", b"\xff", b"b", b"2", b"click_id", b"x"]
    letter = letters.get(add_letter(redis, 1, flat=flat))
    assert letters.requeue(letter)
    assert not letters.requeue(letter)
    redis.set_response_callback("XRANGE", lambda reply: reply)
    ((_, sent),) = redis.xrange(STREAM)
    assert sent == flat
    assert redis.xlen(DEAD) == 0


def test_what_can_not_be_requeued_stays(redis, letters):
    for flat in ([b"x"] * 8_000, [b"x"] * 7_002):
        letter = letters.get(add_letter(redis, redis.xlen(DEAD) + 1, flat=flat))
        with pytest.raises(CannotRequeue):
            letters.requeue(letter)
    assert redis.xlen(DEAD) == 2


def test_a_purged_letter_is_gone(redis, letters):
    letter = letters.get(add_letter(redis, 1))
    assert letters.purge(letter)
    assert not letters.purge(letter)
    assert redis.xlen(DEAD) == 0
