from collections import Counter

import msgpack

from loadtest.common.measurements import Measurements, percentile, two_digits


def measured(*latencies, route="GET /{hot}", error=""):
    one = Measurements(due=len(latencies))
    for seconds in latencies:
        one.answered(route, 3, seconds, error)
    return one


def over_the_wire(one):
    """As Locust sends it from a worker to the master."""
    return msgpack.unpackb(msgpack.packb(one.encode()), strict_map_key=False)


def test_two_processes_together_are_as_one():
    first, second = measured(0.001, 0.002), measured(0.5, error="status 500")
    first.redirected["a"] = 2
    second.redirected["a"] = 1
    second.unanswered["b"] = 1
    second.cut, second.unsent, second.queued = 1, 2, 3
    whole = Measurements()
    for one in (first, second):
        whole.merge(over_the_wire(one))
    route = whole.routes["GET /{hot}"]
    assert route.requests == 3
    assert route.latencies.at(100) > 499
    assert route.errors == {"status 500": 1}
    assert route.error_share == 1 / 3
    assert whole.redirected == {"a": 3}
    assert whole.unanswered == {"b": 1}
    assert (whole.cut, whole.due, whole.unsent, whole.queued) == (1, 3, 2, 3)
    assert whole.moments[3].latencies == {1.0: 1, 2.0: 1, 500.0: 1}
    assert whole.moments[3].errors == 1


def test_a_route_that_was_not_asked_for_has_no_errors():
    assert Measurements().routes["GET /{hot}"].error_share == 0.0


def test_an_interval_keeps_two_digits():
    assert [two_digits(ms) for ms in (0.123, 1.26, 45.6, 1234.0)] == [0.12, 1.3, 46.0, 1200.0]


def test_the_percentile_of_an_interval():
    latencies = Counter({1.0: 98, 5.0: 1, 900.0: 1})
    assert [percentile(latencies, p) for p in (50, 98, 99, 99.9)] == [1.0, 1.0, 5.0, 900.0]
    assert percentile(Counter(), 99) == 0.0
