"""Faults in which Redis forgets: its last second is lost, or another server takes its place."""

import signal
from random import Random

from loadtest.faults.injection import Injection
from tests.chaos.faults.fault import Steps, fault
from tests.chaos.faults.plan import FORGETS_USES, LOSES_TAIL, MAKES_WAIT, REDIS_AWAY, UNHEARD
from tests.chaos.testbed.testbed import Testbed

#: How far a replica is behind when it is promoted. It falls behind while nothing else goes on, as
#: what a busy tool adds would be lost as well.
_LAG_SECONDS = (0.3, 1.5)
#: Between two losses in a row; enough for redirect workers to have come back.
_BACK_SECONDS = 1.5
#: A server that was replaced doesn't come back in this time.
_FOR_GOOD_SECONDS = 3600.0


def _lose_tail(testbed: Testbed, random: Random, down_seconds: float) -> None:
    """Kill Redis and take what it wrote in the last second off its disk."""
    testbed.valkey.kill(down_seconds=down_seconds)
    testbed.redis_pair.master.aof_tail.cut(random)


def _cut_tail(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    _lose_tail(testbed, random, hold_seconds)
    return Steps([])


def _cut_tail_twice(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    first = hold_seconds * random.uniform(0.2, 0.5)
    _lose_tail(testbed, random, first)
    again = first + _BACK_SECONDS
    rest = max(0.2, hold_seconds - again)
    return Steps([(again, lambda: _lose_tail(testbed, random, rest))])


def _cut_tail_and_restart(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have redirect restarted in good order while Redis is away."""
    _lose_tail(testbed, random, hold_seconds)
    at_seconds = hold_seconds * random.uniform(0.1, 0.6)
    return Steps([(at_seconds, lambda: testbed.redirect.send(signal.SIGTERM))])


def _switch(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Promote a replica that is in step; the old master lives on as a replica of nobody."""
    pair = testbed.redis_pair
    pair.begin_replica()
    return Steps([(0, pair.demote), (0, pair.promote)], pair.end_spare)


def _fail_over(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Promote a replica that lags; the old master lives on as a replica of nobody."""
    pair = testbed.redis_pair
    pair.begin_replica()
    lag_seconds = random.uniform(*_LAG_SECONDS)
    return Steps([(0, lambda: pair.demote(lag_seconds)), (0, pair.promote)], pair.end_spare)


def _fail_over_late(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Kill a master whose replica lags, and promote that only much later."""
    pair = testbed.redis_pair
    pair.begin_replica()
    pair.let_lag(random.uniform(*_LAG_SECONDS))
    testbed.valkey.kill(down_seconds=_FOR_GOOD_SECONDS)
    return Steps([(hold_seconds, pair.promote)], pair.end_spare)


def _split(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Promote a replica while the master goes on, which stops for want of replicas."""
    pair = testbed.redis_pair
    pair.begin_replica()
    pair.master.command("CONFIG", "SET", "min-replicas-max-lag", "1")
    pair.master.command("CONFIG", "SET", "min-replicas-to-write", "1")
    pair.let_lag(random.uniform(*_LAG_SECONDS))
    return Steps([(0, pair.promote)], pair.end_spare)


_AWAY = (REDIS_AWAY, UNHEARD, LOSES_TAIL)

# What Redis forgets, the redirect workers remember: who kills both leaves no copy.
FAULTS = (
    fault("redis lost its last second", "redis", (0.2, 3.0), _cut_tail, *_AWAY, shares="redirect"),
    fault(
        "redis lost its last second for long",
        "redis",
        (5.0, 15.0),
        _cut_tail,
        *_AWAY,
        shares="redirect",
    ),
    fault(
        "redis lost its last second for a minute",
        "redis",
        (30.0, 60.0),
        _cut_tail,
        *_AWAY,
        shares="redirect",
    ),
    fault(
        "redis lost its last second twice",
        "redis",
        (4.0, 12.0),
        _cut_tail_twice,
        *_AWAY,
        shares="redirect",
    ),
    fault(
        "redis lost its last second and redirect restarted",
        "redis redirect",
        (3.0, 15.0),
        _cut_tail_and_restart,
        *_AWAY,
        FORGETS_USES,
        MAKES_WAIT,
    ),
    fault("redis switched over", "redis", (6.0, 12.0), _switch, LOSES_TAIL, shares="redirect"),
    fault("redis failed over", "redis", (8.0, 14.0), _fail_over, LOSES_TAIL, shares="redirect"),
    fault(
        "redis failed over late", "redis", (5.0, 15.0), _fail_over_late, *_AWAY, shares="redirect"
    ),
    fault("redis split in two", "redis", (6.0, 12.0), _split, *_AWAY, shares="redirect"),
)
