import os

import pytest
from prometheus_client import CollectorRegistry

from app.health.redis.stream import Backlog
from app.health.worker_status import ConsumerState, WorkersState
from app.metrics.workers import SupervisorMetrics
from tests.support.workers.fake_consumers import FakeConsumer
from workers.supervisor.pool import WorkerPool
from workers.supervisor.status import in_words, line, load, supervisor_status

BACKLOG = Backlog(unread=12, pending=3, oldest_seconds=1.0)


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def pool(make_settings, now):
    metrics = SupervisorMetrics(CollectorRegistry())
    pool = WorkerPool(make_settings(consumers=2), metrics, lambda: now[0], FakeConsumer)
    pool.tend()
    return pool


def words(pool):
    return [one.state for one in supervisor_status(pool, "running", None).consumers]


def test_a_consumer_is_booting_until_it_has_worked(pool):
    assert words(pool) == ["booting", "booting"]
    pool.slots[0].consumer.work()
    pool.slots[1].consumer.work()
    pool.slots[1].consumer.heartbeat.is_resting = 1
    assert words(pool) == ["working", "reading"]


def test_who_hangs_or_leaves_is_seen(pool):
    pool.slots[0].consumer.is_hung = True
    pool.leave(pool.slots[1])
    assert words(pool) == ["hung", "respawning", "draining"]


def test_a_crash_loop_stays_one_while_the_next_consumer_boots(pool, now):
    for _ in range(3):
        pool.slots[0].consumer.exit_code = 1
        pool.reap()
        now[0] += 60
        pool.tend()
    assert words(pool) == ["crash loop", "booting"]


def test_the_backlog_is_part_of_the_state(pool):
    state = supervisor_status(pool, "running", BACKLOG)
    assert (state.pid, state.wanted, state.lag, state.pending) == (os.getpid(), 2, 12, 3)
    assert (supervisor_status(pool, "running", None).lag) is None


def test_load_is_what_those_do_who_work(pool):
    assert load(pool, None) == (None, 0.0, 0.0)
    for consumer, rested in zip(pool.living(), (1.0, 4.0), strict=True):
        consumer.work()
        for seconds in (0.0, 5.0):
            consumer.clicks.note(seconds, seconds * 100)
            consumer.rest.note(seconds, seconds * rested / 5)
    found = load(pool, BACKLOG)
    assert (found.lag, found.clicks_per_second) == (12, 200.0)
    assert found.busy == pytest.approx((0.8 + 0.2) / 2)


def test_a_state_reads_as_one_line():
    reading = ConsumerState(1, 4711, "a", "reading", 1234.5, 99_000, 3.2, 2, 150_000_000)
    nobody = ConsumerState(2, None, None, "crash loop", 0.0, 0, None, 5, None)
    state = WorkersState("web", 1, "running", 2, None, None, (reading, nobody))
    assert in_words(state) == "running: 1 of 2 consumers work, 1,234 clicks/s, lag unknown"
    assert line(reading) == (
        "consumer 1, process 4711: reading, 1,234 clicks/s, 99,000 clicks, last insert 3 s ago,"
        " 2 restarts, 150 MB"
    )
    assert line(nobody) == (
        "consumer 2, no process: crash loop, 0 clicks/s, 0 clicks, no insert yet, 5 restarts, -"
    )
