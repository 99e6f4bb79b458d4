import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from app.clicks.click import to_fields
from app.dead_letters.letter import Fault, to_letter
from app.dead_letters.store import Choice, DeadLetters
from app.stores.redis.client import connect
from tests.support.producers import STREAM, make_click
from workers.consumer.dead_letters import LetterBounds, Letters

DEAD = "clicks:dead"
DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000
UNBOUNDED = LetterBounds(10**9, 10**12, 0)


@pytest.fixture
def server(any_redis_server):
    return any_redis_server()


@pytest.fixture
def redis(server):
    with Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def letters(server):
    client = connect(server.url, timeout_seconds=30)
    return DeadLetters(client, server.url, stream=STREAM, dead_stream=DEAD)


@pytest.fixture
def trim(letters, metrics):
    def trim(bounds):
        Letters(letters, bounds, metrics, lambda: 0.0, lambda: NOW_MS).trim()

    return trim


def add_letters(redis, count, pad=""):
    """Write letters of a minute's distance, the last of now; return their clicks."""
    clicks = [make_click(user_agent=f"agent{pad}") for _ in range(count)]
    pipeline = redis.pipeline(transaction=False)
    for number, click in enumerate(clicks):
        flat = [text.encode() for pair in to_fields(click).items() for text in pair]
        letter = to_letter(b"17-0", flat, Fault("poison", "for a test"), "me", NOW_MS)
        died_ms = NOW_MS - (count - 1 - number) * 60_000
        pairs = dict(zip(letter[::2], letter[1::2], strict=True))
        pipeline.xadd(DEAD, pairs, id=f"{died_ms}-0")
    pipeline.execute()
    return clicks


def test_the_oldest_go_when_there_are_too_many_and_their_clicks_count_as_dead(
    redis, letters, trim, metrics
):
    clicks = add_letters(redis, 350)
    trim(UNBOUNDED._replace(most=120))
    left = [one.fields[b"click_id"].decode() for one in letters.find(Choice())]
    assert left == [click.click_id.hex() for click in clicks[230:]]
    gone = {click_id for _, click_id in letters.purged(0)}
    assert gone == {click.click_id for click in clicks[:230]}
    assert metrics.dead_letters_trimmed._value.get() == 230


def test_those_of_more_than_so_many_days_go(redis, letters, trim):
    add_letters(redis, 1500)
    trim(UNBOUNDED._replace(most_days=1))
    assert letters.count() == 1440 + 1
    assert letters.oldest()[0].died_ms == NOW_MS - DAY_MS


def test_they_take_no_more_memory_than_they_may(redis, letters, trim):
    add_letters(redis, 800, pad="x" * 4000)
    before = letters.memory_bytes()
    trim(UNBOUNDED._replace(most_bytes=2_000_000))
    assert before > 3_000_000
    assert 1_800_000 < letters.memory_bytes() <= 2_050_000


def test_those_of_a_full_redis_are_trimmed_too(redis, letters, trim):
    add_letters(redis, 300)
    redis.config_set("maxmemory", 1)
    trim(UNBOUNDED._replace(most=100))
    assert letters.count() == 100


def test_where_redis_does_not_say_how_large_they_are_the_other_bounds_hold(
    redis, letters, trim, caplog
):
    add_letters(redis, 300)
    redis.execute_command("ACL", "SETUSER", "default", "-memory")
    with caplog.at_level(logging.ERROR):
        trim(LetterBounds(100, 1000, 0))
    assert letters.count() == 100
    assert "number and age" in caplog.text


@given(st.integers(1, 10**6), st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 10**6))
def test_what_is_left_is_within_the_bounds(count, memory_bytes, most_bytes, most):
    surplus = LetterBounds(most, most_bytes, 0).surplus(count, memory_bytes)
    left = count - surplus
    assert left <= most
    assert left * memory_bytes <= most_bytes * count
    assert surplus <= count
