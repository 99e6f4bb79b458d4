from collections.abc import Iterator

import pytest
import redis

from app.links.imported import Imported, ImportedCounts
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable


@pytest.fixture(params=["one server", "a cluster"])
def redis_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "one server" else request.getfixturevalue("cluster").url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def counts(client: redis.Redis, redis_url: str) -> ImportedCounts:
    return ImportedCounts(client, redis_url)


def test_what_was_told_of_links_is_kept_with_its_time(counts: ImportedCounts) -> None:
    counts.note({"a": 7, "b": 0}, 1_700_000_000_000)
    assert counts.of(["a", "b", "c"]) == {
        "a": Imported(7, 1_700_000_000_000),
        "b": Imported(0, 1_700_000_000_000),
    }


def test_the_last_count_stays(counts: ImportedCounts) -> None:
    counts.note({"a": 7}, 1)
    counts.note({"a": 9}, 2)
    assert counts.of(["a"]) == {"a": Imported(9, 2)}


def test_nothing_is_asked_about_nothing(counts: ImportedCounts, client: redis.Redis) -> None:
    counts.note({}, 1)
    assert counts.of([]) == {}
    assert client.dbsize() == 0


def test_a_redis_that_is_away_is_told(free_port: object) -> None:
    url = f"redis://127.0.0.1:{free_port()}"  # type: ignore[operator]
    with connect(url, timeout_seconds=1) as away, pytest.raises(RedisUnavailable):
        ImportedCounts(away, url).of(["a"])
