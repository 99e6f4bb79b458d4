import time
from types import SimpleNamespace

import pytest

from loadtest.scenario.session import Run, Session


def scenario(name, weight):
    return type(name, (), {"weight": weight, "surge": staticmethod(lambda _: 1.0)})


OPTIONS = {
    "connections": 10,
    "seconds": 100,
    "warm_up": 0,
    "load_shape": "steady",
    "arrivals": "constant",
    "rate": 50,
    "random_seed": 1,
    "links_prefix": "load",
    "hot_links": 5,
    "tail_links": 5,
}


@pytest.fixture
def session():
    classes = [scenario("HotLinks", 30), scenario("Bots", 10), scenario("NewLinks", 60)]
    return Session(SimpleNamespace(**OPTIONS), classes)


def due(session):
    """Begin to be the whole generator, and return how many requests each scenario has."""
    arrivals = {}
    for each in session._classes:
        arrivals[each.__name__] = session.user_came(each.__name__, each.fixed_count)
    return {name: sum(1 for _ in iter(one.take, None)) for name, one in arrivals.items()}


def test_scenarios_that_a_master_names_have_the_whole_rate_on_a_worker_that_knows_more(session):
    session.begin(0, Run.decode(["run", ["HotLinks", "Bots"], 100.0]), sends=False)
    assert session.connections == 10
    assert due(session) == {
        "HotLinks": pytest.approx(50 * 100 * 3 / 4, rel=0.01),
        "Bots": pytest.approx(50 * 100 / 4, rel=0.01),
    }


def test_a_run_that_is_called_off_sends_nothing(session):
    session.begin(0, Run("", ("HotLinks",)), sends=True)
    assert session.is_past_drain
    assert session.is_settled


def test_what_is_typed_while_it_runs_changes_nothing(session):
    session.begin(0, Run("run", ("HotLinks",)), sends=False)
    ends_at = session.ends_at
    session.options.seconds, session.options.warm_up = 5, 30
    assert (session.seconds, session.ends_at) == (100, ends_at)


def test_the_first_request_waits_for_the_last_connection(session):
    slow, fast = Run("run", ("HotLinks",), 1.0), Run("run", ("HotLinks",), 100.0)
    asked_at = time.monotonic()
    session.begin(0, slow, sends=False)
    assert session.begins_at - asked_at > 10
    session.begin(0, fast, sends=False)
    assert session.begins_at - time.monotonic() < 10
