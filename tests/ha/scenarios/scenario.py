"""Scenarios: what happens to the master, in steps."""

import math
import signal
from collections.abc import Callable
from typing import NamedTuple

from tests.ha.testbed.redis_group import MASTER_NAME, REPLICA, SENTINEL, Node, RedisGroup

_FREEZE_SECONDS = 7.0
_SPLIT_SECONDS = 8.0
_SENTINELS_AWAY_SECONDS = 8.0
_CUT_SECONDS = 1.0
#: As docs/high-availability.md has it.
_PAUSE_MS = 5_000


class Step(NamedTuple):
    """One thing that is done to a group and its master of the beginning.

    Attributes:
        at_seconds: after the first step.
        is_blow: whether it takes something away; it brings it back otherwise.
    """

    at_seconds: float
    act: Callable[[RedisGroup, Node], object]
    is_blow: bool = True


class Scenario(NamedTuple):
    """What happens, and how long Sentinels have no word of the master.

    Attributes:
        silent_seconds: infinite where it never comes back by itself, or is told to go.
    """

    name: str
    text: str
    steps: tuple[Step, ...]
    silent_seconds: float = math.inf

    def fails_over(self, down_after_seconds: float) -> bool:
        """Tell whether Sentinels have reason to promote a replica."""
        return self.silent_seconds > down_after_seconds


def _kill(_: RedisGroup, master: Node) -> None:
    master.server.kill()


def _stop(_: RedisGroup, master: Node) -> None:
    master.server.signal(signal.SIGSTOP)


def _continue(_: RedisGroup, master: Node) -> None:
    master.server.signal(signal.SIGCONT)


def _isolate(group: RedisGroup, master: Node) -> None:
    group.shut_out(master, REPLICA, SENTINEL)


def _rejoin(group: RedisGroup, master: Node) -> None:
    group.let_in(master, REPLICA, SENTINEL)


def _cut_replication(group: RedisGroup, master: Node) -> None:
    group.shut_out(master, REPLICA)


def _kill_sentinels(group: RedisGroup, _: Node) -> None:
    for sentinel in group.sentinels:
        sentinel.server.kill()


def _bring_back(group: RedisGroup, _: Node) -> None:
    group.bring_back()


def _fail_over(group: RedisGroup, _: Node) -> None:
    group.sentinels[0].command("SENTINEL", "FAILOVER", MASTER_NAME)


def _pause_and_fail_over(group: RedisGroup, master: Node) -> None:
    master.command("CLIENT", "PAUSE", _PAUSE_MS, "WRITE")
    _fail_over(group, master)


_ALL = (
    Scenario("kill", "kill -9 of the master", (Step(0, _kill),)),
    Scenario(
        "freeze",
        f"the master stopped for {_FREEZE_SECONDS:g} s",
        (Step(0, _stop), Step(_FREEZE_SECONDS, _continue, is_blow=False)),
        _FREEZE_SECONDS,
    ),
    Scenario(
        "split-brain",
        f"the master cut off from replicas and Sentinels for {_SPLIT_SECONDS:g} s, not from us",
        (Step(0, _isolate), Step(_SPLIT_SECONDS, _rejoin, is_blow=False)),
        _SPLIT_SECONDS,
    ),
    Scenario(
        "cut-then-kill",
        f"the master cut off from its replicas, and {_CUT_SECONDS:g} s later kill -9",
        (Step(0, _cut_replication), Step(_CUT_SECONDS, _kill)),
    ),
    Scenario(
        "no-sentinels",
        f"all Sentinels killed for {_SENTINELS_AWAY_SECONDS:g} s",
        (Step(0, _kill_sentinels), Step(_SENTINELS_AWAY_SECONDS, _bring_back, is_blow=False)),
        0.0,
    ),
    Scenario("planned", "SENTINEL FAILOVER", (Step(0, _fail_over),)),
    Scenario("paused", "CLIENT PAUSE, then SENTINEL FAILOVER", (Step(0, _pause_and_fail_over),)),
)

SCENARIOS = {scenario.name: scenario for scenario in _ALL}
