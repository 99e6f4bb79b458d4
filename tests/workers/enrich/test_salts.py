import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from app.stores.keys import visitor_salt_key
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
from tests.support.servers import RedisServer
from tests.support.traces import contents
from tests.support.worker_processes import wait_until
from workers.enrich.salts import SALT_BYTES, SALT_SECONDS, Salts

DAY = "2026-05-10"


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


def files_with(secret: bytes, directory: Path) -> list[str]:
    found = (path for path in directory.rglob("*") if path.is_file() and secret in contents(path))
    return sorted(path.suffix for path in found)


def written_anew(client: Redis) -> None:
    """Have both kinds of files written; of the first, workers see to it daily."""
    for command, busy in (
        ("BGREWRITEAOF", "aof_rewrite_in_progress"),
        ("BGSAVE", "rdb_bgsave_in_progress"),
    ):
        client.execute_command(command)
        wait_until(lambda busy=busy: not client.info("persistence")[busy], 60)


def test_a_salt_that_has_ended_is_in_no_file_of_redis_once_these_are_written_anew(
    any_redis_server: Callable[[], RedisServer],
):
    server = any_redis_server()
    made = salts(server.url).of_day(DAY)
    with Redis.from_url(server.url) as client:
        client.config_set("rdbcompression", "no")
        wait_until(lambda: ".aof" in files_with(made, server.directory), 60)
        written_anew(client)
        assert ".rdb" in files_with(made, server.directory)
        # As if it were the midnight two days after.
        client.pexpire(visitor_salt_key(DAY), 1)
        wait_until(lambda: not client.exists(visitor_salt_key(DAY)))
        written_anew(client)
        wait_until(lambda: files_with(made, server.directory) == [], 60)
    assert salts(server.url).of_day(DAY) != made


def test_a_salt_ends_while_redis_is_down(any_redis_server: Callable[[], RedisServer]):
    server = any_redis_server()
    made = salts(server.url).of_day(DAY)
    with Redis.from_url(server.url) as client:
        client.pexpire(visitor_salt_key(DAY), 1000)
        deadline_ms = client.pexpiretime(visitor_salt_key(DAY))
        wait_until(lambda: b"PEXPIREAT" in b"".join(map(contents, aof_files(server))), 60)
    server.kill()
    wait_until(lambda: time.time() * 1000 > deadline_ms, 60)
    server.start()
    assert salts(server.url).of_day(DAY) != made


def aof_files(server: RedisServer) -> list[Path]:
    return list(server.directory.rglob("*.aof"))
