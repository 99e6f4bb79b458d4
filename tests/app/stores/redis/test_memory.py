import pytest
from redis import Redis

from app.stores.redis.memory import DIVERT_FROM, DIVERT_TO, TRIM_FROM, TRIM_TO, Memory


def test_finished_entries_give_way_before_new_clicks_do_and_far_enough_to_end_that():
    assert TRIM_TO < TRIM_FROM < DIVERT_TO < DIVERT_FROM < 1


@pytest.mark.parametrize(
    ("used", "aside", "limit", "reaches_half"),
    [(49, 0, 100, False), (50, 0, 100, True), (60, 20, 100, False), (10**9, 0, 0, False)],
)
def test_memory_is_compared_with_the_bound_that_redis_itself_compares_with(
    used, aside, limit, reaches_half
):
    info = {"used_memory": used, "mem_not_counted_for_evict": aside, "maxmemory": limit}
    assert Memory.of(info).reaches(0.5) is reaches_half


def test_a_server_says_how_full_it_is(any_redis_server):
    with Redis.from_url(any_redis_server().url) as client:
        client.config_set("maxmemory", "100mb")
        memory = Memory.of(client.info("memory"))
    assert memory.limit_bytes == 100 << 20
    assert 0 < memory.used_bytes < 100 << 20
