"""What a consumer does whose machine has another time than everybody else."""

import time

from app.stores.keys import maintenance_lock_key
from tests.support.producers import STREAM, send, send_clicks
from tests.support.workers.consuming import GROUP, is_idle, malformed

MONTHS_SECONDS = 70 * 86_400


def test_who_is_months_ahead_throws_nothing_away(consume, redis, redis_url, monkeypatch):
    send_clicks(redis_url, 50)
    send(redis_url, [malformed({"timestamp": "-5"})])
    consume(lambda: is_idle(redis, 51))
    redis.delete(maintenance_lock_key(STREAM, GROUP))
    now, now_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: now() + MONTHS_SECONDS)
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + MONTHS_SECONDS * 10**9)

    def make_sweep_due(consumer):
        consumer._maintenance._sweep_at = 0.0

    consume(lambda: redis.exists(maintenance_lock_key(STREAM, GROUP)) == 1, make_sweep_due)
    assert redis.xlen(STREAM) == 51
    assert redis.xlen("clicks:dead") == 1
