import pytest
from redis import Redis

from tests.producers import STREAM, send
from workers.names import Names
from workers.upkeep import Upkeep
from workers.wire import Wire

GROUP = "analytics-group"
FAR_MS = 4_000_000_000_000


@pytest.fixture
def server(any_redis_server):
    return any_redis_server()


@pytest.fixture
def redis(server):
    with Redis.from_url(server.url) as client:
        client.xgroup_create(STREAM, GROUP, "0", mkstream=True)
        yield client


@pytest.fixture
def open_upkeep(server, metrics):
    def open_one(consumer="me"):
        names = Names(STREAM, GROUP, consumer, "clicks:dead", 1000)
        return Upkeep(Wire(Redis.from_url(server.url), server.url, 2), names, metrics)

    return open_one


@pytest.fixture
def upkeep(open_upkeep):
    return open_upkeep()


def fill(server, count: int = 1000) -> list[bytes]:
    return send(server.url, ({"number": str(number), "pad": "x" * 300} for number in range(count)))


def read(redis: Redis, count: int, group: str = GROUP) -> None:
    redis.xreadgroup(group, "one", {STREAM: ">"}, count=count)


def trim_all(upkeep: Upkeep, before_ms: int = FAR_MS) -> None:
    while upkeep.trim(before_ms):
        continue


def held(redis: Redis) -> set[bytes]:
    return {entry_id for entry_id, _ in redis.xrange(STREAM)}


def test_one_consumer_has_the_turn(open_upkeep):
    assert open_upkeep("me").claims_turn(60_000)
    assert not open_upkeep("other").claims_turn(60_000)


def test_finished_entries_are_trimmed(server, redis, upkeep, metrics):
    sent = fill(server)
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent)
    trim_all(upkeep)
    assert redis.xlen(STREAM) < 50
    assert metrics.entries_trimmed._value.get() == 1000 - redis.xlen(STREAM)


def test_pending_entries_are_not_trimmed(server, redis, upkeep):
    sent = fill(server)
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent[:500], *sent[501:])
    trim_all(upkeep)
    assert set(sent[500:]) <= held(redis)
    assert redis.xlen(STREAM) < 600


def test_unread_entries_are_not_trimmed(server, redis, upkeep):
    sent = fill(server)
    read(redis, 500)
    redis.xack(STREAM, GROUP, *sent[:500])
    trim_all(upkeep)
    assert set(sent[500:]) <= held(redis)
    assert redis.xlen(STREAM) < 600


def test_every_group_counts(server, redis, upkeep):
    sent = fill(server)
    redis.xgroup_create(STREAM, "unread", "0")
    redis.xgroup_create(STREAM, "pending", "0")
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent)
    trim_all(upkeep)
    assert redis.xlen(STREAM) == 1000
    read(redis, 1000, "unread")
    read(redis, 1000, "pending")
    redis.xack(STREAM, "unread", *sent)
    redis.xack(STREAM, "pending", *sent[:300], *sent[301:])
    trim_all(upkeep)
    assert set(sent[300:]) <= held(redis)
    assert redis.xlen(STREAM) < 800


def test_young_entries_stay_for_a_replay(server, redis, upkeep):
    sent = fill(server)
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent)
    trim_all(upkeep, int(sent[0].partition(b"-")[0]))
    assert redis.xlen(STREAM) == 1000


def test_a_stream_without_groups_is_left_alone(server, redis, upkeep):
    fill(server)
    redis.xgroup_destroy(STREAM, GROUP)
    trim_all(upkeep)
    assert redis.xlen(STREAM) == 1000


def test_a_full_redis_is_cleaned_up_too(server, redis, upkeep):
    sent = fill(server)
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent)
    redis.config_set("maxmemory", 1)
    assert upkeep.claims_turn(60_000)
    trim_all(upkeep)
    redis.config_set("maxmemory", 0)
    assert redis.xlen(STREAM) < 50
