import pytest
from redis import Redis

from app.stores.keys import maintenance_lock_key
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM, send
from workers.stream.admin import StreamAdmin
from workers.stream.names import Names

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
def open_admin(server, metrics):
    def open_one(consumer="me"):
        names = Names(STREAM, GROUP, consumer, "clicks:dead", 1000)
        return StreamAdmin(
            RedisConnection(Redis.from_url(server.url), server.url, 30), names, metrics
        )

    return open_one


@pytest.fixture
def admin(open_admin):
    return open_admin()


def fill(server, count: int = 1000) -> list[bytes]:
    return send(server.url, ({"number": str(number), "pad": "x" * 300} for number in range(count)))


def read(redis: Redis, count: int, group: str = GROUP) -> None:
    redis.xreadgroup(group, "one", {STREAM: ">"}, count=count)


def trim_all(admin: StreamAdmin, before_ms: int = FAR_MS) -> None:
    while admin.trim(before_ms):
        continue


def held(redis: Redis) -> set[bytes]:
    return {entry_id for entry_id, _ in redis.xrange(STREAM)}


def test_one_consumer_has_the_lock(open_admin):
    assert open_admin("me").try_lock(60_000)
    assert not open_admin("other").try_lock(60_000)


def test_a_lock_of_before_the_clock_of_redis_was_set_back_keeps_nobody(redis, open_admin):
    admin = open_admin("me")
    key, hour_ms = maintenance_lock_key(STREAM, GROUP), 3_600_000
    redis.set(key, f"{admin.now_ms() + hour_ms} other", px=hour_ms + 9_000)
    assert admin.try_lock(9_000)
    assert redis.pttl(key) <= 9_000
    assert not open_admin("other").try_lock(9_000)


def test_finished_entries_are_trimmed(server, redis, admin, metrics):
    sent = fill(server)
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent)
    trim_all(admin)
    assert redis.xlen(STREAM) == 0
    assert metrics.entries_trimmed._value.get() == 1000


def test_entries_are_trimmed_exactly_at_the_horizon(server, redis, admin):
    with Redis.from_url(server.url) as client:
        for second in range(250):
            client.xadd(STREAM, {"ip": "192.0.2.1"}, id=f"{1_790_000_000_000 + second * 1000}-0")
    read(redis, 250)
    redis.xack(STREAM, GROUP, *held(redis))
    for horizon in (130, 131, 249):
        trim_all(admin, 1_790_000_000_000 + horizon * 1000)
        assert min(held(redis)) == b"%d-0" % (1_790_000_000_000 + horizon * 1000)
    trim_all(admin)
    assert redis.xlen(STREAM) == 0


def test_a_step_takes_few_entries_however_many_a_node_holds(server, redis, admin):
    sent = fill(server, 5000)
    read(redis, 5000)
    redis.xack(STREAM, GROUP, *sent)
    assert 0 < admin.trim(FAR_MS) <= 1000
    redis.delete(STREAM)
    redis.config_set("stream-node-max-entries", 3000)
    redis.config_set("stream-node-max-bytes", 0)
    redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    sent = fill(server, 7000)
    read(redis, 7000)
    redis.xack(STREAM, GROUP, *sent)
    trim_all(admin)
    assert redis.xlen(STREAM) == 0


def test_pending_entries_are_not_trimmed(server, redis, admin):
    sent = fill(server)
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent[:500], *sent[501:])
    trim_all(admin)
    assert set(sent[500:]) <= held(redis)
    assert redis.xlen(STREAM) == 500


def test_unread_entries_are_not_trimmed(server, redis, admin):
    sent = fill(server)
    read(redis, 500)
    redis.xack(STREAM, GROUP, *sent[:500])
    trim_all(admin)
    assert set(sent[500:]) <= held(redis)
    assert redis.xlen(STREAM) == 500


def test_what_a_group_that_was_set_back_reads_again_is_not_trimmed(server, redis, admin):
    sent = fill(server)
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent[:900])
    redis.xgroup_setid(STREAM, GROUP, sent[499])
    trim_all(admin)
    assert held(redis) == set(sent[500:])


def test_every_group_counts(server, redis, admin):
    sent = fill(server)
    redis.xgroup_create(STREAM, "unread", "0")
    redis.xgroup_create(STREAM, "pending", "0")
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent)
    trim_all(admin)
    assert redis.xlen(STREAM) == 1000
    read(redis, 1000, "unread")
    read(redis, 1000, "pending")
    redis.xack(STREAM, "unread", *sent)
    redis.xack(STREAM, "pending", *sent[:300], *sent[301:])
    trim_all(admin)
    assert set(sent[300:]) <= held(redis)
    assert redis.xlen(STREAM) == 700


def test_young_entries_stay_for_a_replay(server, redis, admin):
    sent = fill(server)
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent)
    trim_all(admin, int(sent[0].partition(b"-")[0]))
    assert redis.xlen(STREAM) == 1000


def test_a_stream_without_groups_is_left_alone(server, redis, admin):
    fill(server)
    redis.xgroup_destroy(STREAM, GROUP)
    trim_all(admin)
    assert redis.xlen(STREAM) == 1000


def test_a_full_redis_is_cleaned_up_too(server, redis, admin):
    sent = fill(server)
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent)
    redis.config_set("maxmemory", 1)
    assert admin.try_lock(60_000)
    trim_all(admin)
    redis.config_set("maxmemory", 0)
    assert redis.xlen(STREAM) == 0


def test_when_memory_is_short_finished_entries_of_any_age_go_and_no_others(
    server, redis, admin, metrics
):
    sent = fill(server, 3000)
    read(redis, 2000)
    redis.xack(STREAM, GROUP, *sent[:1500])
    redis.config_set("maxmemory", 1)
    while admin.trim_early():
        assert admin.memory().reaches(1.0)
    redis.config_set("maxmemory", 0)
    assert held(redis) == set(sent[1500:])
    assert metrics.entries_trimmed_early._value.get() == 1500
    assert not admin.memory().reaches(0.01)


def test_the_group_that_tells_webhooks_keeps_nothing(server, redis, admin):
    redis.xgroup_create(STREAM, f"{GROUP}:webhooks", "0")
    sent = fill(server)
    trim_all(admin)
    assert redis.xlen(STREAM) == 1000
    read(redis, 1000)
    redis.xack(STREAM, GROUP, *sent)
    trim_all(admin)
    assert redis.xlen(STREAM) == 0


def test_where_that_is_the_only_group_nothing_is_trimmed(server, redis, admin):
    redis.xgroup_destroy(STREAM, GROUP)
    redis.xgroup_create(STREAM, f"{GROUP}:webhooks", "0")
    fill(server)
    trim_all(admin)
    assert redis.xlen(STREAM) == 1000
