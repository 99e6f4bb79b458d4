import pytest
from prometheus_client import CollectorRegistry

from app.metrics.workers import SupervisorMetrics
from tests.support.workers.fake_consumers import FakeConsumer
from workers.supervisor.pool import Crew
from workers.supervisor.rolling_reload import Reload


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def crew(make_settings, now):
    settings = make_settings(consumers=3)
    metrics = SupervisorMetrics(CollectorRegistry())
    crew = Crew(settings, metrics, lambda: now[0], FakeConsumer)
    crew.tend()
    for consumer in crew.living():
        consumer.work()
    return crew


@pytest.fixture
def new(make_settings):
    return make_settings(consumers=3, batch_size=7)


@pytest.fixture
def reload(crew, new, now):
    return Reload(crew, new, lambda: now[0])


def with_new_settings(crew, new):
    return [place.consumer.settings is new for place in crew.places]


def replace_one(reload, crew):
    reload.step()
    crew.arriving.work()
    reload.step()


def end_leaving(crew):
    for consumer in crew.leaving:
        consumer.exit_code = 0
    crew.reap()


def test_the_old_one_drains_only_when_the_new_one_works(reload, crew, new):
    old = crew.places[0].consumer
    reload.step()
    reload.step()
    assert crew.arriving.settings is new
    assert not old.is_draining
    crew.arriving.work()
    reload.step()
    assert old.is_draining
    assert with_new_settings(crew, new) == [True, False, False]


def test_the_next_one_comes_when_the_old_one_has_gone(reload, crew):
    replace_one(reload, crew)
    reload.step()
    assert crew.arriving is None
    end_leaving(crew)
    reload.step()
    assert crew.arriving is not None


def test_all_are_replaced_and_never_fewer_work(reload, crew, new):
    while not reload.is_over:
        reload.step()
        if crew.arriving:
            crew.arriving.work()
            reload.step()
        assert sum(one.has_worked and not one.is_draining for one in crew.living()) == 3
        end_leaving(crew)
    assert with_new_settings(crew, new) == [True, True, True]
    assert crew.settings is new


def test_settings_with_which_nobody_can_work_are_given_up(reload, crew, new):
    old = crew.settings
    reload.step()
    crew.arriving.exit_code = 3
    reload.step()
    assert reload.is_over
    assert crew.settings is old
    assert with_new_settings(crew, new) == [False, False, False]


def test_a_later_failure_is_tried_again_after_a_while(reload, crew, now):
    replace_one(reload, crew)
    end_leaving(crew)
    reload.step()
    crew.arriving.exit_code = 1
    reload.step()
    crew.reap()
    reload.step()
    assert crew.arriving is None
    now[0] += 1
    reload.step()
    assert crew.arriving is not None
    assert not reload.is_over


def test_the_new_number_holds_once_the_settings_are_accepted(crew, make_settings, now):
    reload = Reload(crew, make_settings(consumers=1), lambda: now[0])
    replace_one(reload, crew)
    assert len(crew.places) == 1


def test_a_place_that_goes_meanwhile_needs_no_successor(reload, crew):
    replace_one(reload, crew)
    end_leaving(crew)
    reload.step()
    crew.resize(1)
    arriving = crew.arriving
    arriving.work()
    reload.step()
    assert arriving.is_draining
    end_leaving(crew)
    reload.step()
    assert reload.is_over


def test_who_died_meanwhile_is_followed_by_one_with_the_new_settings(reload, crew, new, now):
    replace_one(reload, crew)
    end_leaving(crew)
    crew.places[1].consumer.exit_code = 1
    now[0] += 1
    crew.tend()
    now[0] += 1
    crew.tend()
    assert with_new_settings(crew, new) == [True, True, False]


def test_an_abandoned_reload_lets_its_arriving_one_go(reload, crew):
    reload.step()
    arriving = crew.arriving
    reload.abandon()
    assert arriving.is_draining
    assert crew.arriving is None
