"""One run: everything up, visitors and faults, then the count."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from clickhouse_driver import errors as clickhouse_errors
from redis import exceptions as redis_errors

from app.stores.redis import server_version
from tests.chaos import client_log
from tests.chaos.blindness import sees_a_loss
from tests.chaos.client_log import Sent, Stall
from tests.chaos.codes import MOVING, PULSE, STEADY, limited_codes
from tests.chaos.faults import FAULTS
from tests.chaos.injection import Injection, NothingToHit
from tests.chaos.links import Change, LinkChanges, Truth
from tests.chaos.memory import Memory
from tests.chaos.mood import Mood
from tests.chaos.plan import Strike
from tests.chaos.settle import settle
from tests.chaos.stage import Stage
from tests.chaos.stored import Stored, hopline, read_stored, reported
from tests.chaos.turns import Delay, Turns
from tests.chaos.verdict import Struck
from tests.chaos.visitors import Visiting
from tests.chaos.watch import Look, Watch

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
    struck: list[Struck]
    looks: list[Look]
    is_settled: bool
    audit: tuple[int, Any]
    audit_sees: bool
    complaints: list[str]
    largest_worker_bytes: int
    store: str


def run(stage: Stage, plan: Sequence[Strike], rate: float, settle_seconds: float) -> Outcome:
    """Let visitors come while the plan's faults strike, then wait, and count."""
    log = stage.directory / "client.log"
    limited = limited_codes(_most_clicks(plan, rate))
    stage.start(limited)
    doors = {"direct": stage.port, **{door.name: door.port for door in stage.doors}}
    with (
        Watch(stage, PULSE) as watch,
        Memory(stage) as memory,
        LinkChanges(stage) as links,
        Visiting(doors, rate, log) as visiting,
        Turns(lambda: {"visitors": [visiting.pid], **stage.who_answers()}) as turns,
    ):
        stage.visit = lambda **mood: visiting.behave(Mood(**mood))
        struck = _strike(stage, plan)
        stage.wait(lambda: False, _CALM_SECONDS)
        visiting.end()
        is_settled = settle(stage, settle_seconds)
    clicks, stalls = client_log.read(log)
    # The order matters: what is planted at the end must not be counted.
    return Outcome(
        clicks=clicks,
        stalls=stalls,
        delays=turns.delays,
        redirected={door.name: set(door.read_log()) for door in stage.doors},
        stored=read_stored(stage),
        reported=reported(stage, (*STEADY, *MOVING)),
        truths=links.truths,
        changes=links.changes,
        struck=struck,
        looks=watch.looks,
        is_settled=is_settled,
        audit=hopline(stage, "audit", "--json"),
        audit_sees=sees_a_loss(stage),
        complaints=stage.complaints,
        largest_worker_bytes=memory.largest_bytes,
        store=_store(stage),
    )


def _most_clicks(plan: Sequence[Strike], rate: float) -> int:
    end_seconds = max((one.at_seconds + one.hold_seconds for one in plan), default=0.0)
    return int(2 * rate * (end_seconds + _MARGIN_SECONDS))


def _store(stage: Stage) -> str:
    with stage.redis() as client:
        return server_version(client)[0]


@dataclass(slots=True)
class _Ongoing:
    strike: Strike
    injection: Injection
    from_ms: int
    lift_at: float


def _strike(stage: Stage, plan: Sequence[Strike]) -> list[Struck]:
    """Have the faults strike and be lifted at their times, and keep up what should be up."""
    begun_at = time.monotonic()
    waiting = list(plan)
    ongoing: list[_Ongoing] = []
    struck: list[Struck] = []
    while waiting or ongoing:
        now = time.monotonic()
        while waiting and begun_at + waiting[0].at_seconds <= now:
            ongoing += _begin(stage, waiting.pop(0))
        for one in [one for one in ongoing if one.lift_at <= now]:
            struck += _lift(one, ongoing)
        for one in ongoing:
            _renew(one)
        stage.keep()
        time.sleep(_TICK_SECONDS)
    return struck


def _begin(stage: Stage, strike: Strike) -> list[_Ongoing]:
    from_ms = _now_ms()
    try:
        begin = FAULTS[strike.kind].begin
        injection = begin(stage, Random(strike.seed), strike.hold_seconds)
    except (NothingToHit, *_AWAY) as error:
        logger.info("%s missed: %s", strike.kind, error)
        return []
    logger.info("%s, for %.1f s", strike.kind, strike.hold_seconds)
    return [_Ongoing(strike, injection, from_ms, time.monotonic() + strike.hold_seconds)]


def _renew(one: _Ongoing) -> None:
    try:
        one.injection.renew()
    except _AWAY as error:
        logger.debug("%s can't go on yet: %s", one.strike.kind, error)


def _lift(one: _Ongoing, ongoing: list[_Ongoing]) -> list[Struck]:
    try:
        has_struck = one.injection.lift()
    except _AWAY as error:
        logger.info("%s can't be lifted yet: %s", one.strike.kind, error)
        one.lift_at = time.monotonic() + _LIFT_AGAIN_SECONDS
        return []
    ongoing.remove(one)
    return [_struck(one)] if has_struck else []


def _struck(one: _Ongoing) -> Struck:
    kind = FAULTS[one.strike.kind].kind
    return Struck(kind.name, one.from_ms, _now_ms(), kind.marks)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
