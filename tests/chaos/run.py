"""One run: everything up, visitors and faults, then the count."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from clickhouse_driver import errors as clickhouse_errors
from redis import exceptions as redis_errors

from app.redis import server_version
from tests.chaos import client_log
from tests.chaos.client_log import Sent
from tests.chaos.faults import FAULTS
from tests.chaos.injection import Injection, NothingToHit
from tests.chaos.plan import KILLS_REDIRECT, REDIS_AWAY, Strike
from tests.chaos.settle import settle
from tests.chaos.stage import Stage
from tests.chaos.stored import Stored, hopline, read_stored, reported
from tests.chaos.verdict import Struck
from tests.chaos.visitors import Visiting
from tests.chaos.watch import Look, Watch

logger = logging.getLogger(__name__)

PULSE = "pulse"
CODES = [PULSE, *(f"code{number}" for number in range(20))]
#: Visitors come for so much longer than faults strike, so that the last recovery is seen, too.
_CALM_SECONDS = 4.0
_TICK_SECONDS = 0.02
_LIFT_AGAIN_SECONDS = 0.5
_AWAY = (redis_errors.RedisError, clickhouse_errors.Error, OSError, EOFError)


class Outcome(NamedTuple):
    """What a run left to be judged.

    Attributes:
        is_settled: whether everything was processed in time.
        audit: what `hopline audit` said, and its exit code.
        store: name and version of the Redis or Valkey.
    """

    clicks: list[Sent]
    stored: dict[int, Stored]
    reported: dict[str, int]
    struck: list[Struck]
    looks: list[Look]
    is_settled: bool
    audit: tuple[int, Any]
    store: str


def run(stage: Stage, plan: Sequence[Strike], rate: float, settle_seconds: float) -> Outcome:
    """Let visitors come while the plan's faults strike, then wait, and count."""
    log = stage.directory / "client.log"
    stage.start(CODES)
    with Watch(stage, PULSE) as watch, Visiting(stage.port, rate, log, CODES) as visiting:
        struck = _strike(stage, plan)
        stage.wait(lambda: False, _CALM_SECONDS)
        visiting.end()
        is_settled = settle(stage, settle_seconds)
    return _count(stage, log, struck, watch.looks, is_settled=is_settled)


def _count(
    stage: Stage, log: Path, struck: list[Struck], looks: list[Look], *, is_settled: bool
) -> Outcome:
    clicks, stored, shown = client_log.read(log), read_stored(stage), reported(stage, CODES)
    audit = hopline(stage, "audit", "--json")
    with stage.redis() as client:
        store, _ = server_version(client)
    return Outcome(clicks, stored, shown, struck, looks, is_settled, audit, store)


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
    return Struck(
        kind.name,
        one.from_ms,
        _now_ms(),
        kills_redirect=KILLS_REDIRECT in kind.marks,
        redis_away=REDIS_AWAY in kind.marks,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
