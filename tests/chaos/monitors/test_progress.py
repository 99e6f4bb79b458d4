import contextlib
from types import SimpleNamespace

import pytest
from redis.exceptions import ConnectionError as RedisAway

from app.config.settings import Settings
from tests.chaos.monitors import progress
from tests.chaos.monitors.progress import Progress, waiting_entries

SETTINGS = Settings(_env_file=None)


class Redis:
    """Has a stream of which so many entries wait, or is away."""

    def __init__(self):
        self.unread = self.pending = 0
        self.is_lag_known = self.is_there = True

        self.connection, self.kind = 1, b"master"

    def client_id(self):
        return self.connection

    def role(self):
        return [self.kind, 0, []]

    def xinfo_stream(self, _):
        if not self.is_there:
            raise RedisAway
        return {"last-generated-id": b"9-0"}

    def xinfo_groups(self, _):
        last = b"8-0" if self.unread else b"9-0"
        lag = self.unread if self.is_lag_known else None
        return [{"pending": self.pending, "lag": lag, "last-delivered-id": last}]


@pytest.fixture
def redis():
    return Redis()


@pytest.fixture
def complaints():
    return []


@pytest.fixture
def look(monkeypatch, redis, complaints):
    """A function that has the progress looked at after some seconds, by workers that could work."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(Progress, "_can_work", lambda _: True)
    testbed = SimpleNamespace(redis=lambda: redis, settings=SETTINGS, complain=complaints.append)
    watched = Progress(testbed)

    def look(seconds):
        now[0] += seconds
        with contextlib.suppress(RedisAway):
            watched.look()

    return look


@pytest.mark.parametrize("is_lag_known", [True, False])
def test_entries_that_wait_for_long_are_complained_of_once(look, redis, complaints, is_lag_known):
    redis.unread, redis.is_lag_known = 5, is_lag_known
    for _ in range(30):
        look(1)
    assert len(complaints) == 1
    assert "no worker did anything" in complaints[0]


def test_who_gets_on_is_not_complained_of(look, redis, complaints):
    for waiting in (50, 40, 30, 20, 10, 0):
        redis.pending = waiting
        look(10)
    assert complaints == []


def test_a_redis_that_keeps_hanging_up_excuses_the_workers(look, redis, complaints):
    redis.unread = 5
    for _ in range(30):
        redis.connection += 1
        look(1)
    assert complaints == []


def test_a_redis_that_is_a_replica_excuses_the_workers(look, redis, complaints):
    redis.unread, redis.kind = 5, b"slave"
    for _ in range(30):
        look(1)
    assert complaints == []


def test_a_redis_that_is_away_excuses_the_workers(look, redis, complaints):
    redis.unread = 5
    look(1)
    redis.is_there = False
    for _ in range(30):
        look(1)
    redis.is_there = True
    look(1)
    assert complaints == []


def test_what_is_pending_and_what_is_unread_waits(redis):
    redis.unread, redis.pending = 3, 4
    assert waiting_entries(SimpleNamespace(settings=SETTINGS), redis) == 7
    redis.unread = redis.pending = 0
    redis.is_lag_known = False
    assert waiting_entries(SimpleNamespace(settings=SETTINGS), redis) == 0
