import pytest

from loadtest.bench.machine.placement import Placement
from loadtest.bench.machine.usage import CoreSeconds, Snapshot, pss_bytes, usage
from loadtest.common.processes import tree


def test_memory_of_processes_adds_up(family):
    child = family.children()[0]
    assert pss_bytes(tree(family.pid)) > pss_bytes([child]) > 0


def test_usage_is_the_difference_of_two_snapshots():
    placement = Placement(server=(0,), redis=(1,), generator=(1, 2))
    idle = CoreSeconds(busy=10, programs=10)
    before = Snapshot(at=100, server=5, redis=1, cores={0: idle, 1: idle, 2: idle})
    cores = {0: CoreSeconds(14, 13.6), 1: CoreSeconds(14, 14), 2: CoreSeconds(12, 12)}
    after = Snapshot(at=104, server=8, redis=2, cores=cores)
    used = usage(before, after, placement)
    assert (used.seconds, used.server_seconds, used.redis_seconds) == (4, 3, 1)
    assert (used.server_core_busy, used.generator_core_busy) == (1.0, 0.75)
    assert used.foreign_share == pytest.approx(0.15)
