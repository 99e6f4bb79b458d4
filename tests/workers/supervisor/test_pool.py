import pytest
from prometheus_client import CollectorRegistry

from app.metrics.workers import SupervisorMetrics
from tests.support.workers.fake_consumers import FakeConsumer
from workers.consumer.bootstrap import BOOT_FAILED
from workers.supervisor.pool import WorkerPool


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def pool(make_settings, registry, now):
    settings = make_settings(consumers=2)
    return WorkerPool(settings, SupervisorMetrics(registry), lambda: now[0], FakeConsumer)


@pytest.fixture
def working(pool):
    pool.tend()
    for consumer in pool.living():
        consumer.work()
    return pool


def test_every_slot_is_filled(pool):
    pool.tend()
    assert [consumer.number for consumer in pool.living()] == [1, 2]


def test_it_is_complete_when_all_have_worked(pool):
    assert not pool.all_have_worked()
    pool.tend()
    pool.slots[0].consumer.work()
    assert not pool.all_have_worked()
    pool.slots[1].consumer.work()
    assert pool.all_have_worked()


def test_a_dead_one_is_replaced_when_its_time_has_come(working, now, registry):
    dead = working.slots[0].consumer
    dead.exit_code = 1
    working.tend()
    assert working.slots[0].consumer is None
    now[0] += 1
    working.tend()
    assert working.slots[0].consumer.predecessor == dead.name
    assert registry.get_sample_value("hopline_consumer_restarts_total") == 1


def test_first_ones_that_can_not_begin_are_hopeless(pool):
    pool.tend()
    pool.slots[0].consumer.exit_code = BOOT_FAILED
    pool.tend()
    assert pool.is_hopeless


def test_a_later_one_that_can_not_begin_is_not(working):
    working.slots[0].consumer.exit_code = BOOT_FAILED
    working.tend()
    assert not working.is_hopeless


def test_one_more_is_spawned_and_one_fewer_drains(working):
    working.resize(3)
    working.tend()
    third = working.slots[2].consumer
    assert third.number == 3
    working.resize(2)
    assert third.is_draining
    assert third in working.living()
    third.exit_code = 0
    working.tend()
    assert third not in working.living()
    assert len(working.living()) == 2


def test_one_is_the_least(working):
    working.resize(0)
    assert len(working.slots) == 1


def test_a_crash_loop_is_visible_and_unhealthy(pool, now, registry):
    pool.resize(1)
    for _ in range(3):
        now[0] += 60
        pool.tend()
        pool.slots[0].consumer.exit_code = 1
        pool.reap()
    pool.show()
    assert not pool.is_healthy()
    assert registry.get_sample_value("hopline_consumers_crash_looping") == 1
    assert registry.get_sample_value("hopline_consumers_working") == 0
    assert registry.get_sample_value("hopline_consumers_wanted") == 1


def test_one_healthy_consumer_makes_it_healthy(working):
    working.slots[0].consumer.is_hung = True
    assert working.is_healthy()
    working.slots[1].consumer.is_hung = True
    assert not working.is_healthy()


def test_what_is_left_of_a_drain_is_killed(working):
    first, second = working.living()
    working.drain()
    assert first.is_draining
    assert second.is_draining
    first.exit_code = 0
    working.reap()
    assert not working.kill()
    assert second.was_killed
    assert working.living() == []


def test_there_are_never_fewer_than_streams(make_settings, registry):
    settings = make_settings(consumers=3, stream_shards=2)
    pool = WorkerPool(settings, SupervisorMetrics(registry), spawn=FakeConsumer)
    pool.resize(1)
    assert len(pool.slots) == 3
