"""Consumers that hang or die again and again, as real processes."""

import math
import signal
import time

import pytest

from app.health.worker_status import WorkerStates
from app.stores.redis.client import connect
from tests.support.producers import STREAM, send_clicks
from tests.support.worker_processes import Workers, wait_until

GROUP = "analytics-group"


@pytest.fixture
def settings(make_settings, redis_url, clicks_url):
    return make_settings(
        redis_url=redis_url,
        clickhouse_url=clicks_url,
        consumers=1,
        block_ms=200,
        insert_seconds=5.0,
        redis_timeout_seconds=0.5,
        clickhouse_timeout_seconds=5.0,
        claim_idle_seconds=60.0,
    )


@pytest.fixture
def marker(tmp_path, monkeypatch):
    """The file that makes consumers odd."""
    path = tmp_path / "failure"
    monkeypatch.setenv("FAILING_WORKERS", str(path))
    return path


@pytest.fixture
def workers(settings, marker, tmp_path):
    with Workers(
        settings, tmp_path / "workers.log", "tests.support.workers.failing_workers"
    ) as started:
        wait_until(lambda: "reads from" in started.log)
        yield started


@pytest.fixture
def consumer_states(redis_url):
    """A function that returns the states of the consumers, as `hopline workers status` has them."""
    with connect(redis_url, timeout_seconds=30) as client:
        states = WorkerStates(client, redis_url, STREAM, GROUP)
        yield lambda: [consumer.state for state in states.all() for consumer in state.consumers]


def is_pending(redis, count: int) -> bool:
    groups = redis.xinfo_groups(STREAM) if redis.exists(STREAM) else []
    return bool(groups) and groups[0]["pending"] == count


def test_a_stopped_consumer_is_replaced_and_its_clicks_count_once(
    workers, redis, redis_url, count_clicks, consumer_states
):
    (stopped,) = workers.consumers()
    send_clicks(redis_url, 200)
    wait_until(lambda: is_pending(redis, 200))
    stopped.suspend()
    wait_until(lambda: "hang" in workers.log)
    assert "State T (stopped)" in workers.log
    wait_until(lambda: count_clicks() == (200, 200))
    wait_until(lambda: is_pending(redis, 0))
    assert not stopped.is_running()
    wait_until(lambda: consumer_states() in (["reading"], ["working"]))
    assert workers.stop() == 0


def test_a_consumer_in_a_stuck_call_shows_its_stacks_and_is_replaced(
    workers, marker, redis_url, count_clicks
):
    marker.write_text("hang")
    wait_until(lambda: "hangs: no beat" in workers.log)
    assert "State S (sleeping)" in workers.log
    wait_until(lambda: "failing_workers.py" in workers.log)
    marker.unlink()
    wait_until(lambda: "was killed by its supervisor" in workers.log)
    send_clicks(redis_url, 50)
    wait_until(lambda: count_clicks() == (50, 50))
    assert workers.stop() == 0


def test_a_hung_consumer_does_not_outlive_its_supervisor(workers, marker):
    (hung,) = workers.consumers()
    marker.write_text("hang")
    wait_until(lambda: "hanging" in workers.log)
    workers.signal(signal.SIGKILL)
    workers.wait()
    wait_until(lambda: not hung.is_running())


def test_another_consumer_comes_when_one_can_not_keep_up(settings, marker, tmp_path, redis_url):
    marker.write_text("slow")
    # 50 clicks a second, of which one consumer has enough for longer than a test lasts.
    few = {"consumers_max": 2, "insert_seconds": 0.2, "batch_size": 10}
    scaled = settings.model_copy(update=few)
    send_clicks(redis_url, 20_000)
    with Workers(
        scaled, tmp_path / "workers.log", "tests.support.workers.failing_workers"
    ) as workers:
        wait_until(lambda: "from now on there are 2 consumers" in workers.log)
        wait_until(lambda: len(workers.consumers()) == 2)
        assert workers.stop() == 0


def test_a_crash_loop_is_seen_and_does_not_spin(workers, marker, consumer_states):
    started_at = time.monotonic()
    marker.write_text("die")
    wait_until(lambda: "in a crash loop" in workers.log)
    wait_until(lambda: "crash loop" in consumer_states())
    seconds = time.monotonic() - started_at
    # Waits of 0.25, 0.5, 1 s and so on, of which jitter takes half at most.
    assert workers.log.count("spawned consumer") <= 2 + math.log2(1 + seconds / 0.125)
    marker.unlink()
    wait_until(lambda: consumer_states() == ["crash loop"] and len(workers.consumers()) == 1)
    assert workers.stop() == 0
