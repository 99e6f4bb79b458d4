import pytest
from prometheus_client import CollectorRegistry

from app.metrics.workers import SupervisorMetrics
from tests.support.workers.fake_consumers import FakeConsumer
from workers.supervisor.pool import WorkerPool
from workers.supervisor.rolling_reload import Reload


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def pool(make_settings, now):
    settings = make_settings(consumers=3)
    metrics = SupervisorMetrics(CollectorRegistry())
    pool = WorkerPool(settings, metrics, lambda: now[0], FakeConsumer)
    pool.tend()
    for consumer in pool.living():
        consumer.work()
    return pool


@pytest.fixture
def new(make_settings):
    return make_settings(consumers=3, batch_size=7)


@pytest.fixture
def reload(pool, new, now):
    return Reload(pool, new, lambda: now[0])


def with_new_settings(pool, new):
    return [slot.consumer.settings is new for slot in pool.slots]


def replace_one(reload, pool):
    reload.step()
    pool.arriving.work()
    reload.step()


def end_leaving(pool):
    for consumer in pool.leaving:
        consumer.exit_code = 0
    pool.reap()


def test_the_old_one_drains_only_when_the_new_one_works(reload, pool, new):
    old = pool.slots[0].consumer
    reload.step()
    reload.step()
    assert pool.arriving.settings is new
    assert not old.is_draining
    pool.arriving.work()
    reload.step()
    assert old.is_draining
    assert with_new_settings(pool, new) == [True, False, False]


def test_the_next_one_comes_when_the_old_one_has_gone(reload, pool):
    replace_one(reload, pool)
    reload.step()
    assert pool.arriving is None
    end_leaving(pool)
    reload.step()
    assert pool.arriving is not None


def test_all_are_replaced_and_never_fewer_work(reload, pool, new):
    while not reload.is_over:
        reload.step()
        if pool.arriving:
            pool.arriving.work()
            reload.step()
        assert sum(one.has_worked and not one.is_draining for one in pool.living()) == 3
        end_leaving(pool)
    assert with_new_settings(pool, new) == [True, True, True]
    assert pool.settings is new


def test_settings_with_which_nobody_can_work_are_given_up(reload, pool, new):
    old = pool.settings
    reload.step()
    pool.arriving.exit_code = 3
    reload.step()
    assert reload.is_over
    assert pool.settings is old
    assert with_new_settings(pool, new) == [False, False, False]


def test_a_later_failure_is_tried_again_after_a_while(reload, pool, now):
    replace_one(reload, pool)
    end_leaving(pool)
    reload.step()
    pool.arriving.exit_code = 1
    reload.step()
    pool.reap()
    reload.step()
    assert pool.arriving is None
    now[0] += 1
    reload.step()
    assert pool.arriving is not None
    assert not reload.is_over


def test_the_new_number_holds_once_the_settings_are_accepted(pool, make_settings, now):
    reload = Reload(pool, make_settings(consumers=1), lambda: now[0])
    replace_one(reload, pool)
    assert len(pool.slots) == 1


def test_a_slot_that_goes_meanwhile_needs_no_successor(reload, pool):
    replace_one(reload, pool)
    end_leaving(pool)
    reload.step()
    pool.resize(1)
    arriving = pool.arriving
    arriving.work()
    reload.step()
    assert arriving.is_draining
    end_leaving(pool)
    reload.step()
    assert reload.is_over


def test_who_died_meanwhile_is_followed_by_one_with_the_new_settings(reload, pool, new, now):
    replace_one(reload, pool)
    end_leaving(pool)
    pool.slots[1].consumer.exit_code = 1
    now[0] += 1
    pool.tend()
    now[0] += 1
    pool.tend()
    assert with_new_settings(pool, new) == [True, True, False]


def test_an_abandoned_reload_lets_its_arriving_one_go(reload, pool):
    reload.step()
    arriving = pool.arriving
    reload.abandon()
    assert arriving.is_draining
    assert pool.arriving is None
