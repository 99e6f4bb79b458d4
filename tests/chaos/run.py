"""Run that brings everything up, has visitors come and faults strike, and then counts."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from redis import exceptions as redis_errors

from app.local.ports import LOOPBACK
from app.stores.clickhouse.driver import errors as clickhouse_errors
from app.stores.redis.client import server_version
from loadtest.faults.injection import Injection, NothingToHit
from tests.chaos.accounts.settle import settle
from tests.chaos.accounts.stored import Stored, read_stored, reported, sees_a_planted_loss
from tests.chaos.accounts.verdict import InjectedFault
from tests.chaos.faults.plan import PlannedFault
from tests.chaos.faults.table import FAULTS
from tests.chaos.monitors.link_changes import Change, LinkChanges, Truth
from tests.chaos.monitors.run_queue import Delay, RunQueueMonitor
from tests.chaos.monitors.samplers import MemorySampler, StoredSample, StoredSampler
from tests.chaos.testbed.testbed import Testbed
from tests.chaos.visitors import client_log
from tests.chaos.visitors.behaviour import Behaviour
from tests.chaos.visitors.client_log import Sent, Stall, now_ms
from tests.chaos.visitors.codes import MOVING, PULSE, STEADY, limited_codes
from tests.chaos.visitors.process import VisitorProcess

logger = logging.getLogger(__name__)

#: Visitors come for so much longer than faults strike, so that the last recovery is seen, too.
_CALM_SECONDS = 4.0
_TICK_SECONDS = 0.02
_LIFT_AGAIN_SECONDS = 0.5
#: Faults that can't be lifted at once make a run longer than its plan.
_MARGIN_SECONDS = 120.0
_AWAY = (redis_errors.RedisError, clickhouse_errors.Error, OSError, EOFError)


class Outcome(NamedTuple):
    """What a run left to be judged.

    Attributes:
        stalls: when the clients' own process didn't get its turn.
        delays: how long those who answer waited for a processor.
        redirected: the clicks that each proxy says it answered with a redirect.
        truths, changes: what was done to the links that change.
        is_settled: whether everything was processed in time.
        audit: what `hopline audit` said, and its exit code.
        audit_sees: whether it then saw a loss that was planted.
        complaints: what else went wrong, in words.
        largest_worker_bytes: the most memory of a redirect worker.
        store: name and version of the Redis or Valkey.
    """

    clicks: list[Sent]
    stalls: list[Stall]
    delays: list[Delay]
    redirected: dict[str, set[int]]
    stored: dict[int, Stored]
    reported: dict[str, int]
    truths: list[Truth]
    changes: list[Change]
    injected: list[InjectedFault]
    samples: list[StoredSample]
    is_settled: bool
    audit: tuple[int, Any]
    audit_sees: bool
    complaints: list[str]
    largest_worker_bytes: int
    store: str


def run(
    testbed: Testbed, plan: Sequence[PlannedFault], rate: float, settle_seconds: float
) -> Outcome:
    """Let visitors come while the plan's faults strike, then wait, and count."""
    log = testbed.directory / "client.log"
    limited = limited_codes(_most_clicks(plan, rate))
    testbed.start(limited)
    ports = {"direct": testbed.port, **{one.name: one.port for one in testbed.reverse_proxies}}
    ways = {name: f"{LOOPBACK}:{port}" for name, port in ports.items()}
    with (
        StoredSampler(testbed, PULSE) as stored,
        MemorySampler(testbed) as memory,
        LinkChanges(testbed) as links,
        VisitorProcess(ways, rate, log) as visitors,
        RunQueueMonitor(lambda: {"visitors": [visitors.pid], **testbed.who_answers()}) as run_queue,
    ):
        testbed.visit = lambda **behaviour: visitors.behave(Behaviour(**behaviour))
        injected = _inject(testbed, plan)
        testbed.wait(lambda: False, _CALM_SECONDS)
        visitors.end()
        is_settled = settle(testbed, settle_seconds)
    clicks, stalls = client_log.read(log)
    # The order matters: what is planted at the end must not be counted.
    return Outcome(
        clicks=clicks,
        stalls=stalls,
        delays=run_queue.delays,
        redirected={one.name: set(one.read_log()) for one in testbed.reverse_proxies},
        stored=read_stored(testbed),
        reported=reported(testbed, (*STEADY, *MOVING)),
        truths=links.truths,
        changes=links.changes,
        injected=injected,
        samples=stored.samples,
        is_settled=is_settled,
        audit=testbed.hopline("audit", "--json"),
        audit_sees=sees_a_planted_loss(testbed),
        complaints=testbed.complaints,
        largest_worker_bytes=memory.largest_bytes,
        store=_store(testbed),
    )


def _most_clicks(plan: Sequence[PlannedFault], rate: float) -> int:
    end_seconds = max((one.at_seconds + one.hold_seconds for one in plan), default=0.0)
    return int(2 * rate * (end_seconds + _MARGIN_SECONDS))


def _store(testbed: Testbed) -> str:
    with testbed.redis() as client:
        return server_version(client)[0]


@dataclass(slots=True)
class _Ongoing:
    strike: PlannedFault
    injection: Injection
    from_ms: int
    lift_at: float


def _inject(testbed: Testbed, plan: Sequence[PlannedFault]) -> list[InjectedFault]:
    """Have the faults strike and be lifted at their times, and keep up what should be up."""
    begun_at = time.monotonic()
    waiting = list(plan)
    ongoing: list[_Ongoing] = []
    injected: list[InjectedFault] = []
    while waiting or ongoing:
        now = time.monotonic()
        while waiting and begun_at + waiting[0].at_seconds <= now:
            ongoing += _begin(testbed, waiting.pop(0), ongoing)
        for one in [one for one in ongoing if one.lift_at <= now]:
            injected += _lift(one, ongoing)
        for one in ongoing:
            _renew(one)
        testbed.keep()
        time.sleep(_TICK_SECONDS)
    return injected


def _begin(testbed: Testbed, strike: PlannedFault, ongoing: Sequence[_Ongoing]) -> list[_Ongoing]:
    from_ms = now_ms()
    try:
        _require_room(strike, ongoing)
        begin = FAULTS[strike.kind].begin
        injection = begin(testbed, Random(strike.seed), strike.hold_seconds)
    except (NothingToHit, *_AWAY) as error:
        logger.info("%s missed: %s", strike.kind, error)
        return []
    logger.info("%s, for %.1f s", strike.kind, strike.hold_seconds)
    return [_Ongoing(strike, injection, from_ms, time.monotonic() + strike.hold_seconds)]


def _require_room(strike: PlannedFault, ongoing: Sequence[_Ongoing]) -> None:
    """Make sure that nothing still lasts that the plan keeps apart: on a busy machine all is late.

    Raises:
        NothingToHit: something does.
    """
    kind = FAULTS[strike.kind].kind
    for one in ongoing:
        if not kind.meets(FAULTS[one.strike.kind].kind):
            raise NothingToHit(f"{one.strike.kind} still lasts")


def _renew(one: _Ongoing) -> None:
    try:
        one.injection.renew()
    except _AWAY as error:
        logger.debug("%s can't go on yet: %s", one.strike.kind, error)


def _lift(one: _Ongoing, ongoing: list[_Ongoing]) -> list[InjectedFault]:
    try:
        has_struck = one.injection.lift()
    except _AWAY as error:
        logger.info("%s can't be lifted yet: %s", one.strike.kind, error)
        one.lift_at = time.monotonic() + _LIFT_AGAIN_SECONDS
        return []
    ongoing.remove(one)
    return [_injected(one)] if has_struck else []


def _injected(one: _Ongoing) -> InjectedFault:
    kind = FAULTS[one.strike.kind].kind
    return InjectedFault(kind.name, one.from_ms, now_ms(), kind.marks)
