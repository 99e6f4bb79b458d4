"""Dead letters of several shards, on a real server."""

from collections.abc import Iterator

import pytest
from redis import Redis

from app.clicks.click import to_fields
from app.config.settings import Settings
from app.config.shards import shards_of
from app.dead_letters.letter import Fault, to_letter
from app.dead_letters.shards import AllDeadLetters, open_all_dead_letters
from app.dead_letters.store import Choice, LetterNotFound
from app.stores.redis.address import is_cluster
from app.stores.redis.client import connect
from tests.conftest import MakeSettings
from tests.support.producers import make_click


@pytest.fixture(params=["one server", "a cluster"])
def redis_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "one server" else request.getfixturevalue("cluster").url


@pytest.fixture
def settings(redis_url: str, make_settings: MakeSettings) -> Settings:
    return make_settings(redis_url=redis_url, stream_shards=2)


@pytest.fixture
def letters(settings: Settings) -> AllDeadLetters:
    return open_all_dead_letters(settings)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


def kill(redis: Redis, dead_stream: str, letter_id: str) -> None:
    fields = [part.encode() for pair in to_fields(make_click()).items() for part in pair]
    letter = to_letter(b"1-1", fields, Fault("odd", "it was"), "me", 1)
    redis.execute_command("XADD", dead_stream, letter_id, "deliveries", 1, *letter)


def ids(letters: AllDeadLetters, **how: bool) -> list[str]:
    return [letter.letter_id.decode() for letter in letters.find(Choice(), **how)]


@pytest.fixture
def _three(redis: Redis, settings: Settings) -> None:
    """One letter in each shard; those of two have one id."""
    kill(redis, shards_of(settings)[0].dead_stream, "20-0")
    kill(redis, "clicks:dead:{u0}", "20-0")
    kill(redis, "clicks:dead:{ly}", "3-0")


@pytest.mark.usefixtures("_three")
def test_letters_of_all_shards_are_found_in_order(letters: AllDeadLetters) -> None:
    assert ids(letters) == ["3-0@ly", "20-0", "20-0@u0"]
    assert sorted(ids(letters, newest_first=True)[:2]) == ["20-0", "20-0@u0"]


@pytest.mark.usefixtures("_three")
def test_a_letter_is_told_by_its_shard(letters: AllDeadLetters) -> None:
    assert letters.get("20-0").letter_id == b"20-0"
    assert letters.get("20@u0").letter_id == b"20-0@u0"
    assert letters.get("20@u0").died_ms == 20


@pytest.mark.usefixtures("_three")
@pytest.mark.parametrize("unknown", ["3-0", "3-0@u0", "3-0@zz"])
def test_a_letter_of_another_shard_is_none(letters: AllDeadLetters, unknown: str) -> None:
    with pytest.raises(LetterNotFound):
        letters.get(unknown)


@pytest.mark.usefixtures("_three")
def test_a_letter_is_requeued_where_it_came_from(letters: AllDeadLetters, redis: Redis) -> None:
    assert letters.requeue(letters.get("20-0@u0"))
    assert redis.xlen("clicks:stream:{u0}") == 1
    assert not redis.exists("clicks:stream")
    assert ids(letters) == ["3-0@ly", "20-0"]


@pytest.mark.usefixtures("_three")
def test_purged_clicks_are_known_even_of_a_shard_that_is_not_in_use_any_more(
    letters: AllDeadLetters, settings: Settings
) -> None:
    assert all(letters.purge(letter) for letter in list(letters.find(Choice())))
    assert ids(letters) == []
    one = settings.model_copy(update={"stream_shards": 1})
    for known in (letters, open_all_dead_letters(one)):
        assert len(list(known.purged(0))) == 3


@pytest.mark.usefixtures("_three")
def test_of_the_stream_without_shards_there_are_plain_ids(settings: Settings) -> None:
    one = settings.model_copy(update={"stream_shards": 1})
    tagged = ["20-0@u0"] if is_cluster(settings.redis_url) else []
    assert ids(open_all_dead_letters(one)) == ["20-0", *tagged]
