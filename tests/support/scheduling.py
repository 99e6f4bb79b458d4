"""Order in which pytest-xdist's processes run the tests: side by side first, the quiet ones last.

A file's tests stay together, so that its servers are started once. The quiet ones begin when
nothing else is left, in one process alone: they prove a time, or fill the machine.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

#: Files, or tests by the beginning of their ids, that run while no other test does.
QUIET = (
    "tests/app/redirect/server/test_many_connections.py",
    "tests/deploy/test_systemd.py",
    "tests/integration/test_chaos.py",
    "tests/integration/test_up.py::test_a_click_is_redirected_and_counted_within_three_seconds",
    "tests/integration/test_up.py::test_sigterm_stops_everything_and",
    "tests/loadtest/bench/test_redis_frozen.py",
    "tests/loadtest/bench/load/test_open_loop.py",
    "tests/loadtest/run/test_locust_run.py::test_a_rate_beyond_the_generator",
)

#: Files that take long come first, lest the last of them keeps everybody waiting.
_SLOW_FIRST = (
    "tests/integration/",
    "tests/deploy/",
    "tests/workers/",
    "tests/loadtest/",
    "tests/app/redirect/",
)

_QUIET_UNIT = "quiet"


def sort(items: list[pytest.Item]) -> None:
    """Bring tests into the order in which they are given out."""
    items.sort(
        key=lambda item: (item.nodeid.startswith(QUIET), not item.nodeid.startswith(_SLOW_FIRST))
    )


class QuietLast(LoadScopeScheduling):
    """Scheduler that gives out file by file, and the quiet tests to the process that is left."""

    def remove_node(self, node: WorkerController) -> str | None:
        """Forget a process that has ended; whoever is left may be alone now."""
        crashed_test = super().remove_node(node)
        for left in self.nodes:
            self._reschedule(left)
        return crashed_test

    def _reschedule(self, node: WorkerController) -> None:
        if not self._waits_for_quiet:
            super()._reschedule(node)
        elif any(other is not node and not other.shutting_down for other in self.nodes):
            node.shutdown()

    def _assign_work_unit(self, node: WorkerController) -> None:
        if not self._waits_for_quiet:
            super()._assign_work_unit(node)

    @property
    def _waits_for_quiet(self) -> bool:
        return next(iter(self.workqueue), None) == _QUIET_UNIT and len(self.nodes) > 1

    def _split_scope(self, nodeid: str) -> str:
        return _QUIET_UNIT if nodeid.startswith(QUIET) else nodeid.partition("::")[0]
