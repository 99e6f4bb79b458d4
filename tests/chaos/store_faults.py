"""Faults of the two stores: dead, frozen, full, refusing."""

import logging
import signal
from random import Random

from tests.chaos.injection import Done, Injection, Until, fault
from tests.chaos.plan import KILLS_REDIRECT, MAKES_WAIT, REDIS_AWAY, UNHEARD
from tests.chaos.service import Service
from tests.chaos.stage import Stage

logger = logging.getLogger(__name__)


class _Kill:
    """kill -9 of a store, which stays away for a while."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, stage: Stage, random: Random, hold_seconds: float) -> Injection:
        _store(stage, self._name).kill(down_seconds=hold_seconds)
        return Done()


class _Freeze:
    """SIGSTOP of a store: connections stay open, and nothing answers."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, stage: Stage, random: Random, hold_seconds: float) -> Injection:
        store = _store(stage, self._name)
        store.send_to_all(signal.SIGSTOP)
        return Until(lambda: store.send_to_all(signal.SIGCONT))


def _store(stage: Stage, name: str) -> Service:
    return stage.valkey if name == "redis" else stage.clickhouse


def _restart_redis(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    stage.valkey.send(signal.SIGTERM)
    return Done()


def _kill_redirect_and_redis(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """kill -9 of all redirect workers and Redis in the same moment."""
    stage.redirect.kill(down_seconds=hold_seconds / 2)
    stage.valkey.kill(down_seconds=hold_seconds)
    return Done()


def _kill_everything(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """kill -9 of every process at once."""
    for service in stage.services:
        service.kill(down_seconds=hold_seconds)
    return Done()


def _end_everything(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """Have everything told to stop in good order, as a machine is that is shut down."""
    for service in (stage.redirect, stage.workers, stage.valkey):
        service.send(signal.SIGTERM)
    return Done()


def _lose_power(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """Kill ClickHouse and take from its disk what it never synced."""
    stage.clickhouse.kill(down_seconds=hold_seconds)
    lost = stage.power.strike()
    logger.info("the loss of power emptied %d files", len(lost))
    return Done()


class _Setting:
    """A setting of the table of clicks that makes ClickHouse refuse inserts."""

    def __init__(self, **settings: int) -> None:
        self._set = ", ".join(f"{name} = {value}" for name, value in settings.items())
        self._names = ", ".join(settings)

    def __call__(self, stage: Stage, random: Random, hold_seconds: float) -> Injection:
        stage.ask_clickhouse(f"ALTER TABLE clicks MODIFY SETTING {self._set}")
        return Until(
            lambda: stage.ask_clickhouse(f"ALTER TABLE clicks RESET SETTING {self._names}")
        )


def _take_table_away(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """Have ClickHouse refuse inserts because there is no such table."""
    stage.ask_clickhouse("RENAME TABLE clicks TO clicks_away")
    return Until(lambda: _bring_table_back(stage))


def _bring_table_back(stage: Stage) -> None:
    (((is_away,),)) = stage.ask_clickhouse("EXISTS TABLE clicks_away")
    if is_away:
        stage.ask_clickhouse("RENAME TABLE clicks_away TO clicks")


_OUTAGE = (0.2, 6.0)
_AWAY = (REDIS_AWAY, UNHEARD)

FAULTS = (
    fault("redis killed", "redis", _OUTAGE, _Kill("redis"), *_AWAY),
    fault("redis frozen", "redis", _OUTAGE, _Freeze("redis"), *_AWAY),
    fault("redis frozen for long", "redis", (8.0, 20.0), _Freeze("redis"), *_AWAY),
    fault("redis restarted", "redis", (0.5, 1.0), _restart_redis, *_AWAY),
    fault(
        "redis and redirect killed",
        "redis redirect",
        (0.2, 4.0),
        _kill_redirect_and_redis,
        *_AWAY,
        KILLS_REDIRECT,
        MAKES_WAIT,
    ),
    fault("clickhouse killed", "clickhouse", _OUTAGE, _Kill("clickhouse")),
    fault("clickhouse hung", "clickhouse", _OUTAGE, _Freeze("clickhouse")),
    fault("clickhouse lost power", "clickhouse", (0.5, 3.0), _lose_power),
    fault(
        "clickhouse had too many parts",
        "clickhouse",
        (1.0, 5.0),
        _Setting(parts_to_delay_insert=1, parts_to_throw_insert=1),
    ),
    fault(
        "disk of clickhouse full",
        "clickhouse",
        (1.0, 5.0),
        _Setting(min_free_disk_bytes_to_perform_insert=1 << 60),
    ),
    fault("clickhouse missed its table", "clickhouse", (1.0, 4.0), _take_table_away),
    fault(
        "everything killed",
        "redis redirect clickhouse supervisor consumers",
        (0.2, 1.0),
        _kill_everything,
        *_AWAY,
        KILLS_REDIRECT,
        MAKES_WAIT,
    ),
    fault(
        "everything restarted",
        "redis redirect clickhouse supervisor consumers",
        (2.0, 4.0),
        _end_everything,
        *_AWAY,
        MAKES_WAIT,
    ),
)
