import pytest

from app.stores.keys import visitor_salt_key
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
from workers.enrich.salts import SALT_BYTES, SALT_SECONDS, Salts


def salts(url: str) -> Salts:
    return Salts(connect(url, timeout_seconds=30), url)


def test_all_consumers_share_the_salt_of_a_day(any_redis_server):
    server = any_redis_server()
    made = salts(server.url).of_day("2026-05-10")
    assert len(made) == SALT_BYTES
    assert salts(server.url).of_day("2026-05-10") == made
    assert salts(server.url).of_day("2026-05-11") != made


@pytest.mark.parametrize("second_of_day", [0, 1, 43_200, 86_399])
def test_a_salt_is_deleted_at_midnight_two_days_after_its_own(redis_url, redis, second_of_day):
    client = connect(redis_url, timeout_seconds=30)
    now = 20_000 * 86_400 + second_of_day
    Salts(client, redis_url, lambda: now + 0.5).of_day("2026-05-10")
    left_seconds = redis.ttl(visitor_salt_key("2026-05-10"))
    assert SALT_SECONDS - second_of_day - 60 < left_seconds <= SALT_SECONDS - second_of_day


def test_without_redis_there_is_no_salt(free_port):
    with pytest.raises(RedisUnavailable):
        salts(f"redis://127.0.0.1:{free_port()}").of_day("2026-05-10")
