"""Scenarios in which Redis' master goes, under Sentinel."""

import math
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

from tests.ha.accounts.targets import links, recording, visitors
from tests.ha.monitors.failover_observer import FailoverObserver
from tests.ha.options import Asked, Options
from tests.ha.scenarios.scenario import Scenario
from tests.ha.stage import Stage
from tests.ha.testbed.clickhouse_side import OneClickHouse
from tests.ha.testbed.redis_group import MASTER_NAME, REPLICA, SENTINEL, Node, RedisGroup
from tests.ha.testbed.redis_side import WatchedRedis
from tests.ha.testbed.testbed import Testbed
from tests.support.servers import store_binary

_FREEZE_SECONDS = 7.0
_SPLIT_SECONDS = 8.0
_SENTINELS_AWAY_SECONDS = 8.0
_CUT_SECONDS = 1.0
#: As docs/high-availability.md has it.
_PAUSE_MS = 5_000
#: Sentinels need this beside the time after which they count a master as down.
_ELECTION_SECONDS = 15.0
#: They tell a master that comes back that it is none after eight seconds or more.
_WHOLE_SECONDS = 30.0


class Step(NamedTuple):
    """One thing that is done to a group and its master of the beginning.

    Attributes:
        at_seconds: after the first step.
        is_blow: whether it takes something away; it brings it back otherwise.
    """

    at_seconds: float
    text: str
    act: Callable[[RedisGroup, Node], object]
    is_blow: bool = True


class Failover(NamedTuple):
    """What happens, and how long Sentinels have no word of the master.

    Attributes:
        silent_seconds: infinite where it never comes back by itself, or is told to go.
        is_usual: whether it is played without being asked for.
    """

    name: str
    text: str
    steps: tuple[Step, ...]
    silent_seconds: float = math.inf
    is_usual: bool = True

    def fails_over(self, down_after_seconds: float) -> bool:
        """Tell whether Sentinels have reason to promote a replica."""
        return self.silent_seconds > down_after_seconds


def _set_up(folder: Path, asked: Asked, options: Options) -> Testbed:
    binary, down_after_seconds = store_binary(asked.store), asked.down_after_seconds or 1.0
    group = RedisGroup(folder, binary, down_after_seconds, options.min_replicas)
    redis_side = WatchedRedis(group, options.by)
    return Testbed(folder, redis_side, OneClickHouse(folder), confirm=asked.confirm)


def _play(failover: Failover, stage: Stage) -> None:
    group = cast("WatchedRedis", stage.testbed.redis_side).group
    fails_over = failover.fails_over(stage.asked.down_after_seconds or 1.0)
    observer = stage.watch(FailoverObserver(group))
    stage.disable_links()
    stage.warm()
    _take_steps(failover.steps, stage, group)
    since_ms = stage.struck[0].at_ms
    if fails_over:
        patience_seconds = (stage.asked.down_after_seconds or 1.0) + _ELECTION_SECONDS
        stage.testbed.wait(lambda: observer.promotions(since_ms), patience_seconds)
    stage.calm()
    # Whoever was killed comes back and takes itself for the master until it is told.
    group.bring_back()
    stage.testbed.wait(lambda: observer.is_whole, _WHOLE_SECONDS)
    stage.calm()
    stage.promotions = observer.promotions(since_ms)
    amiss = len(stage.promotions) != int(fails_over)
    stage.expect(f"other than {int(fails_over)} promotions", found=amiss, needs_calm=True)


def _take_steps(steps: tuple[Step, ...], stage: Stage, group: RedisGroup) -> None:
    master = group.master()
    begun_at = time.monotonic()
    for step in steps:
        left_seconds = begun_at + step.at_seconds - time.monotonic()
        stage.rest(max(0.0, left_seconds))
        stage.strike(step.text, is_blow=step.is_blow)
        step.act(group, master)


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


FAILOVERS = (
    Failover("kill", "kill -9 of the master", (Step(0, "master killed", _kill),)),
    Failover(
        "freeze",
        f"the master stopped for {_FREEZE_SECONDS:g} s",
        (
            Step(0, "master stopped", _stop),
            Step(_FREEZE_SECONDS, "master wakes up", _continue, is_blow=False),
        ),
        _FREEZE_SECONDS,
    ),
    Failover(
        "split-brain",
        f"the master cut off from replicas and Sentinels for {_SPLIT_SECONDS:g} s, not from us",
        (
            Step(0, "master cut off", _isolate),
            Step(_SPLIT_SECONDS, "master let in", _rejoin, is_blow=False),
        ),
        _SPLIT_SECONDS,
    ),
    Failover(
        "cut-then-kill",
        f"the master cut off from its replicas, and {_CUT_SECONDS:g} s later kill -9",
        (
            Step(0, "replicas cut off", _cut_replication),
            Step(_CUT_SECONDS, "master killed", _kill),
        ),
    ),
    Failover(
        "no-sentinels",
        f"all Sentinels killed for {_SENTINELS_AWAY_SECONDS:g} s",
        (
            Step(0, "Sentinels killed", _kill_sentinels),
            Step(_SENTINELS_AWAY_SECONDS, "Sentinels are back", _bring_back, is_blow=False),
        ),
        0.0,
        is_usual=False,
    ),
    Failover("planned", "SENTINEL FAILOVER", (Step(0, "failover", _fail_over),)),
    Failover(
        "paused",
        "CLIENT PAUSE, then SENTINEL FAILOVER",
        (Step(0, "pause, failover", _pause_and_fail_over),),
        is_usual=False,
    ),
)

SCENARIOS = tuple(
    Scenario(
        failover.name,
        failover.text,
        _set_up,
        partial(_play, failover),
        judges=(links, recording, visitors),
        is_usual=failover.is_usual,
        is_failover=True,
    )
    for failover in FAILOVERS
)
