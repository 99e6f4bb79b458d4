from loadtest.bench.machine.environment import environment
from loadtest.bench.machine.placement import Placement


def test_what_the_figures_are_from_is_written_down():
    found = environment([0, 1], Placement((0,), (1,), (1,)), "Valkey 9.1")
    assert found["versions"]["redis server"] == "Valkey 9.1"
    assert found["versions"]["gunicorn"]
    assert found["placement"]["server"] == [0]
    assert found["kernel"]
