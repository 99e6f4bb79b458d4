import math
import threading
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from app.config.settings import Settings
from app.config.shards import shards_of
from app.health.worker_status import ConsumerState, WorkersState, WorkerStates
from app.stores.keys import aof_rewrite_key
from app.stores.redis.client import connect
from app.stores.redis.cluster import Node, SlotMap, SlotRange
from tests.conftest import MakeSettings
from tests.support.cluster import Cluster
from tests.support.servers import RedisServer
from workers.monitor.store_gauges import Stores, primaries_by_state


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def value(registry: CollectorRegistry, name: str) -> float:
    found = registry.get_sample_value(f"hopline_{name}")
    assert found is not None
    return found


def test_the_group_and_the_server_are_seen(redis_url: str, make_settings: MakeSettings) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.xgroup_create("clicks:stream", "analytics-group", "0", mkstream=True)
        redis.xadd("clicks:stream", {"n": "1"}, id="1000-0")
        redis.xadd("clicks:stream", {"n": "2"})
        redis.xreadgroup("analytics-group", "one", {"clicks:stream": ">"}, count=1)
        redis.xadd("clicks:dead", {"n": "3"})
    seen = Stores(make_settings(redis_url=redis_url, stream_maxlen=77)).look()
    expected = {
        "redis_up": 1,
        "stream_entries": 2,
        "stream_maxlen": 77,
        "group_unread": 1,
        "group_pending": 1,
        "dead_letters_kept": 1,
        "redis_aof_enabled": 1,
        "redis_aof_well": 1,
    }
    assert {name: value(seen, name) for name in expected} == expected
    assert value(seen, "oldest_entry_seconds") > 1_700_000_000
    assert value(seen, "stream_reaches_seconds") > 1_700_000_000
    assert 0 < value(seen, "redis_memory_bytes") < value(seen, "redis_memory_limit_bytes")


def test_when_the_append_only_file_was_written_anew_is_seen_unless_that_is_left_to_others(
    redis_url: str, make_settings: MakeSettings
) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.hset(aof_rewrite_key("clicks:stream", "analytics-group"), "done", 1_790_000_000_000)
    seen = Stores(make_settings(redis_url=redis_url)).look()
    assert value(seen, "redis_aof_rewritten_timestamp_seconds") == 1_790_000_000
    assert value(seen, "redis_aof_rewrite_well") == 1
    seen = Stores(make_settings(redis_url=redis_url, aof_rewrite=False)).look()
    assert math.isnan(value(seen, "redis_aof_rewritten_timestamp_seconds"))


def test_before_the_first_worker_there_is_no_lag(
    redis_url: str, make_settings: MakeSettings
) -> None:
    seen = Stores(make_settings(redis_url=redis_url)).look()
    assert value(seen, "redis_up") == 1
    assert math.isnan(value(seen, "group_unread"))


def test_what_an_absent_redis_does_not_say_is_no_number_and_no_zero(
    valkey_server: Callable[[], RedisServer],
    make_settings: MakeSettings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    valkey = valkey_server()
    clock = Clock()
    stores = Stores(make_settings(redis_url=valkey.url), clock)
    assert value(stores.look(), "redis_up") == 1
    valkey.kill()
    assert value(stores.look(), "redis_up") == 1, "a second has not passed"
    for _ in range(2):
        clock.now += 1
        seen = stores.look()
        assert value(seen, "redis_up") == 0
        assert math.isnan(value(seen, "stream_entries"))
    assert caplog.text.count("can't be looked at") == 1
    valkey.start()
    clock.now += 1
    assert value(stores.look(), "stream_entries") == 0


def test_many_may_ask_at_once(redis_url: str, make_settings: MakeSettings) -> None:
    stores = Stores(make_settings(redis_url=redis_url), clock=iter(range(10**9)).__next__)
    found: list[float] = []
    threads = [
        threading.Thread(target=lambda: found.append(value(stores.look(), "redis_up")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8


def of_shards(registry: CollectorRegistry, name: str) -> dict[str, float]:
    return {
        sample.labels["shard"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == f"hopline_shard_{name}"
    }


@pytest.fixture
def two_shards(redis_url: str, make_settings: MakeSettings) -> Settings:
    settings = make_settings(redis_url=redis_url, stream_shards=2)
    with Redis.from_url(redis_url) as redis:
        for count, shard in enumerate(shards_of(settings), 1):
            redis.xgroup_create(shard.stream, shard.group, "0", mkstream=True)
            for _ in range(count):
                redis.xadd(shard.stream, {"n": "1"})
            redis.xadd(shard.dead_stream, {"n": "1"})
    return settings


def publish(settings: Settings, *streams: str) -> None:
    """Show consumers that read these streams."""
    consumers = tuple(
        ConsumerState(1, 4711, "me", "reading", 0.0, 0, None, 0, None, stream) for stream in streams
    )
    state = WorkersState("web", 1, "running", len(streams), None, None, consumers)
    with connect(settings.redis_url, timeout_seconds=30) as client:
        WorkerStates(client, settings.redis_url, settings.stream, settings.group).publish(
            state, "web-1"
        )


def test_shards_are_added_up_and_shown_one_by_one(two_shards: Settings) -> None:
    publish(two_shards, "clicks:stream", "clicks:stream:{u0}", "clicks:stream:{u0}")
    seen = Stores(two_shards).look()
    assert (value(seen, "stream_entries"), value(seen, "group_unread")) == (6, 6)
    assert (value(seen, "group_pending"), value(seen, "dead_letters_kept")) == (0, 3)
    assert of_shards(seen, "entries") == {"none": 1, "u0": 2, "ly": 3}
    assert of_shards(seen, "unread") == {"none": 1, "u0": 2, "ly": 3}
    assert of_shards(seen, "pending") == {"none": 0, "u0": 0, "ly": 0}
    assert of_shards(seen, "readers") == {"none": 1, "u0": 2, "ly": 0}


def test_a_shard_that_was_left_too_early_has_no_readers(two_shards: Settings) -> None:
    one = two_shards.model_copy(update={"stream_shards": 1})
    publish(one, "")
    seen = Stores(one).look()
    assert value(seen, "stream_entries") == 1
    assert of_shards(seen, "entries") == {}
    assert of_shards(seen, "readers") == {"none": 1, "u0": 0, "ly": 0}


def test_without_shards_there_are_no_series_of_shards(
    redis_url: str, make_settings: MakeSettings
) -> None:
    seen = Stores(make_settings(redis_url=redis_url)).look()
    assert [of_shards(seen, name) for name in ("entries", "unread", "readers")] == [{}, {}, {}]


def test_a_cluster_shows_its_slots_and_primaries(
    cluster: Cluster, make_settings: MakeSettings
) -> None:
    settings = make_settings(redis_url=cluster.url, stream_shards=4)
    with connect(cluster.url, timeout_seconds=30) as client:
        for shard in shards_of(settings):
            client.xgroup_create(shard.stream, shard.group, "0", mkstream=True)
            client.xadd(shard.stream, {"n": "1"})
    seen = Stores(settings).look()
    assert (value(seen, "redis_up"), value(seen, "stream_entries")) == (1, 5)
    assert of_shards(seen, "entries") == {"none": 1, "u0": 1, "ly": 1, "d2": 1, "9s": 1}
    states = ("served", "unserved", "well", "away", "alone")
    assert [of_cluster(seen, state) for state in states] == [16_384, 0, 0, 0, 3]
    assert 0 < value(seen, "redis_memory_bytes") < value(seen, "redis_memory_limit_bytes")


def test_one_server_shows_no_series_of_a_cluster(
    redis_url: str, make_settings: MakeSettings
) -> None:
    assert of_cluster(Stores(make_settings(redis_url=redis_url)).look(), "served") is None


def test_a_primary_that_is_away_counts_once() -> None:
    nodes = [
        Node("a", ("h", 1), replicas=(("r", 1),)),
        Node("b", ("h", 2), replicas=(("r", 2),), is_failed=True),
        Node("c", ("h", 3)),
    ]
    slots = SlotMap(SlotRange(at, at, node) for at, node in enumerate(nodes))
    assert primaries_by_state(slots) == {"well": 1, "away": 1, "alone": 1}


def of_cluster(registry: CollectorRegistry, state: str) -> float | None:
    found = (
        registry.get_sample_value(f"hopline_cluster_{name}", {"state": state})
        for name in ("slots", "primaries")
    )
    return next((one for one in found if one is not None), None)
