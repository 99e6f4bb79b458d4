"""Order in which pytest-xdist's processes run the tests, and which of them never run beside which.

A file's tests stay together, so that its servers are started once. Files run side by side, the
long ones first. Those that would disturb each other go to one process, which runs them by turns.
Those that nothing may disturb begin when nothing else is left, in one process alone.
"""

import os

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

#: Files, or tests by the beginning of their ids, that prove a time: no other test runs meanwhile.
ALONE = (
    "tests/deploy/test_systemd_reload.py",
    "tests/integration/test_up.py::test_a_click_is_redirected_and_counted_within_three_seconds",
    "tests/loadtest/bench/test_redis_frozen.py",
    "tests/loadtest/bench/load/test_open_loop.py::test_latency_is_that_of_the_server",
    "tests/loadtest/bench/load/test_open_loop.py::test_requests_leave_at_the_asked_rate",
    "tests/loadtest/bench/load/test_open_loop.py::test_a_stall_is_charged_to_every_request",
    "tests/loadtest/bench/load/test_open_loop.py::test_requests_queue_when_all_connections",
)

#: Groups of those that would disturb each other: of each, one at a time, beside other tests.
BY_TURNS = (
    # They keep a processor busy, or measure how long something takes and say when the machine was
    # too busy for that.
    (
        "tests/integration/test_chaos.py",
        "tests/loadtest/test_hopline.py",
        "tests/loadtest/bench/test_main.py",
        "tests/loadtest/bench/test_scaling.py",
        "tests/loadtest/bench_reports/test_main.py",
        "tests/loadtest/bench_workers/test_main.py",
        "tests/loadtest/run/test_locust_run.py",
        "tests/app/redirect/server/test_many_connections.py",
    ),
    # They boot a machine: two at once would share their control groups.
    (
        "tests/deploy/test_systemd.py",
        "tests/deploy/test_redis_units.py",
    ),
    # They start whole installations several times over, or a dozen servers: of Redis.
    (
        "tests/integration/test_ha.py",
        "tests/integration/test_mixed_versions.py",
        "tests/integration/test_shards.py",
        "tests/integration/test_cluster.py",
        "tests/integration/test_cluster_visits.py",
        "tests/app/redirect/test_redis_cluster.py",
        "tests/integration/test_confirm_by_replica.py",
    ),
    # The same of ClickHouse, each replica with a Keeper in Java.
    (
        "tests/integration/test_replicas.py",
        "tests/integration/test_clickhouse_shards.py",
        "tests/app/reports/test_shards.py",
        "tests/app/schema/test_replication.py",
        "tests/app/schema/test_sharding.py",
        "tests/workers/clickhouse/test_shards.py",
        "tests/support/clickhouse/",
    ),
)

#: Files and folders that take long come first, lest the last of them keeps everybody waiting; of
#: these, those that mostly wait, since the first to take their turns leave few processors free.
LONG_FIRST = (
    # It waits for fail-overs, and computes for a tenth of its time.
    "tests/deploy/test_replicated_redis.py",
    "tests/deploy/test_package.py",
    "tests/loadtest/run/test_wiring.py",
    "tests/loadtest/test_hour.py",
    "tests/integration/test_forgotten.py",
    "tests/integration/test_diversion.py",
    "tests/integration/test_power_loss.py",
    "tests/app/redirect/redis/",
    "tests/app/health/redis/test_sentinels.py",
    "tests/workers/supervisor/",
    "tests/integration/",
    "tests/deploy/",
    "tests/workers/",
    "tests/loadtest/",
    "tests/app/redirect/",
    "tests/app/reports/test_sums.py",
)

_ALONE_UNIT = "alone"
#: sched(7); none is lower.
_LOWEST_NICENESS = 19


def stand_back() -> None:
    """Bring one of several processes of tests, and all that it will start, to the lowest priority.

    There what stands back for visitors, as workers and ClickHouse do, is as good as the tests.
    Else it would wait for whatever the other processes compute, and its own test for it.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.nice(_LOWEST_NICENESS)


def sort(items: list[pytest.Item]) -> None:
    """Bring tests into the order in which they are given out."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> tuple[int, int]:
    if nodeid.startswith(ALONE):
        return len(BY_TURNS) + 1, _place(nodeid, ALONE)
    group = _group(nodeid)
    return group, _place(nodeid, BY_TURNS[group] if group < len(BY_TURNS) else LONG_FIRST)


def _group(nodeid: str) -> int:
    """Return the number of the group that a test takes turns in; that behind the last for none."""
    return next((n for n, group in enumerate(BY_TURNS) if nodeid.startswith(group)), len(BY_TURNS))


def _place(nodeid: str, beginnings: tuple[str, ...]) -> int:
    places = (place for place, start in enumerate(beginnings) if nodeid.startswith(start))
    return next(places, len(beginnings))


class SharedMachine(LoadScopeScheduling):
    """Scheduler that gives out file by file, and what runs alone to the process that is left."""

    def remove_node(self, node: WorkerController) -> str | None:
        """Forget a process that has ended; whoever is left may be alone now."""
        crashed_test = super().remove_node(node)
        for left in self.nodes:
            self._reschedule(left)
        return crashed_test

    def _reschedule(self, node: WorkerController) -> None:
        if not self._waits_for_the_others:
            super()._reschedule(node)
        elif any(other is not node and not other.shutting_down for other in self.nodes):
            node.shutdown()

    def _assign_work_unit(self, node: WorkerController) -> None:
        if not self._waits_for_the_others:
            super()._assign_work_unit(node)

    @property
    def _waits_for_the_others(self) -> bool:
        return next(iter(self.workqueue), None) == _ALONE_UNIT and len(self.nodes) > 1

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ALONE):
            return _ALONE_UNIT
        group = _group(nodeid)
        return f"by turns {group}" if group < len(BY_TURNS) else nodeid.partition("::")[0]
