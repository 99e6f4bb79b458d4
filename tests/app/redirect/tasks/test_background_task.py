import gevent
import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.tasks.background_task import BackgroundTask
from tests.support.redirect.waiting import wait_until


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def begin(registry):
    """A function that starts a task with a step; it is closed at the end."""
    tasks = []

    def begin_one(step):
        tasks.append(BackgroundTask("drain", step, RedirectMetrics(registry).chore_failures))
        tasks[-1].start()
        return tasks[-1]

    yield begin_one
    for task in tasks:
        task.close()


def failures(registry):
    return registry.get_sample_value("hopline_chore_failures_total", {"chore": "drain"})


def test_a_step_is_taken_again_and_again(begin, registry):
    steps = []
    begin(lambda: (steps.append(1), gevent.sleep(0)))
    wait_until(lambda: len(steps) > 10)
    assert failures(registry) == 0


def test_a_step_that_fails_is_said_counted_and_taken_again(begin, registry, caplog):
    faults = [ZeroDivisionError("a fault of ours"), KeyError("another")]
    steps = []

    def step():
        if faults:
            raise faults.pop(0)
        steps.append(1)
        gevent.sleep(0.01)

    begin(step)
    wait_until(lambda: steps)
    assert failures(registry) == 2
    (line,) = caplog.records
    assert line.getMessage() == "The drain failed and goes on"
    assert "ZeroDivisionError: a fault of ours" in caplog.text


def test_a_step_that_always_fails_leaves_time_for_others(begin, registry):
    def step():
        raise ZeroDivisionError

    begin(step)
    turns = 0
    while failures(registry) < 4:
        gevent.sleep(0)
        turns += 1
    assert turns > 100


def test_it_can_be_ended_while_it_fails(begin, registry):
    def step():
        raise ZeroDivisionError

    task = begin(step)
    wait_until(lambda: failures(registry))
    task.close()
    at_its_end = failures(registry)
    gevent.sleep(0.3)
    assert failures(registry) == at_its_end


def test_a_step_is_ended_where_it_waits(begin):
    ended = []

    def step():
        try:
            gevent.sleep(60)
        finally:
            ended.append(True)

    task = begin(step)
    gevent.sleep(0)
    task.close()
    assert ended == [True]


def test_what_never_began_can_be_closed(registry):
    BackgroundTask("drain", lambda: None, RedirectMetrics(registry).chore_failures).close()
