import pytest

from loadtest.bench.comparison import Plan
from loadtest.bench.load.seed import seed
from loadtest.bench.machine.placement import Placement, available_cores
from loadtest.bench.machine.redis_server import running_redis
from loadtest.bench.scaling import measure_scaling
from loadtest.bench.servers.server import Launcher
from loadtest.bench.servers.variants import select

QUICK = Plan(seconds=1, closed_rounds=1, open_rounds=1)


@pytest.fixture
def scaling(tmp_path):
    """Measure the stock variant, which needs no more than is here, on these cores."""
    cores = available_cores()

    def measure(placement):
        with running_redis(tmp_path, cores[-1:]) as redis:
            seed(redis.url, redis.client)
            lines = []
            launcher = Launcher(redis, tmp_path)
            (variant,) = select("stock")
            return measure_scaling(variant, launcher, redis, placement, QUICK, lines.append), lines

    return measure


@pytest.mark.usefixtures("wrk")
def test_one_and_two_workers_are_measured(scaling):
    cores = available_cores()
    found, lines = scaling(Placement(tuple(cores[:1]), tuple(cores[-1:]), tuple(cores[-1:])))
    assert found.one_rps > 0
    assert found.two_rps > 0
    assert "with one worker" in lines[0]


def test_it_is_void_without_a_core_for_the_load(scaling):
    found, lines = scaling(Placement((0, 1), (1,), (1,)))
    assert "three cores" in found.void
    assert (found.one_rps, found.two_rps, lines) == (None, None, [])
