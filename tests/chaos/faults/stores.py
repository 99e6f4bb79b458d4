"""Faults of the two stores: dead, frozen, full, refusing."""

import logging
import signal
import time
from random import Random

from loadtest.faults.injection import Done, Injection, Until
from loadtest.faults.processes import freeze
from tests.chaos.faults.fault import Kill, Signal, fault
from tests.chaos.faults.plan import KILLS_REDIRECT, KILLS_REDIS, MAKES_WAIT, REDIS_AWAY, UNHEARD
from tests.chaos.testbed.testbed import Testbed

logger = logging.getLogger(__name__)

#: ``vm.dirty_expire_centisecs`` and ``vm.dirty_writeback_centisecs`` of Linux.
_WRITTEN_BACK_SECONDS = 35.0


class _Freeze:
    """SIGSTOP of a store: connections stay open, and nothing answers."""

    def __init__(self, store: str) -> None:
        self._store = store

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        return freeze(testbed.service(self._store).processes())


def _kill_redirect_and_redis(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """kill -9 of all redirect workers and Redis in the same moment."""
    testbed.redirect.kill(down_seconds=hold_seconds / 2)
    testbed.valkey.kill(down_seconds=hold_seconds)
    return Done()


def _kill_everything(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """kill -9 of every process at once."""
    for service in testbed.services:
        service.kill(down_seconds=hold_seconds)
    return Done()


def _end_everything(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have everything told to stop in good order, as a machine is that is shut down."""
    for service in (testbed.redirect, testbed.workers, testbed.valkey):
        service.send(signal.SIGTERM)
    return Done()


def _lose_power(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Kill ClickHouse and take from its disk what it never synced."""
    testbed.clickhouse.kill(down_seconds=hold_seconds)
    since_ns = time.time_ns() - int(_WRITTEN_BACK_SECONDS * 1e9)
    lost = testbed.power.empty_files(testbed.directory / "clickhouse" / "store", since_ns)
    logger.info("the loss of power emptied %d files", len(lost))
    return Done()


class _Setting:
    """A setting of the table of clicks that makes ClickHouse refuse inserts."""

    def __init__(self, **settings: int) -> None:
        self._set = ", ".join(f"{name} = {value}" for name, value in settings.items())
        self._names = ", ".join(settings)

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        testbed.ask_clickhouse(f"ALTER TABLE clicks MODIFY SETTING {self._set}")
        return Until(
            lambda: testbed.ask_clickhouse(f"ALTER TABLE clicks RESET SETTING {self._names}")
        )


def _take_table_away(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have ClickHouse refuse inserts because there is no such table."""
    testbed.ask_clickhouse("RENAME TABLE clicks TO clicks_away")
    return Until(lambda: _bring_table_back(testbed))


def _bring_table_back(testbed: Testbed) -> None:
    (((is_away,),)) = testbed.ask_clickhouse("EXISTS TABLE clicks_away")
    if is_away:
        testbed.ask_clickhouse("RENAME TABLE clicks_away TO clicks")


_OUTAGE = (0.2, 6.0)
_AWAY = (REDIS_AWAY, UNHEARD)

FAULTS = (
    fault("redis killed", "redis", _OUTAGE, Kill("valkey"), *_AWAY, KILLS_REDIS),
    fault("redis frozen", "redis", _OUTAGE, _Freeze("valkey"), *_AWAY),
    fault("redis frozen for long", "redis", (8.0, 20.0), _Freeze("valkey"), *_AWAY),
    fault("redis restarted", "redis", (0.5, 1.0), Signal("valkey", signal.SIGTERM), *_AWAY),
    fault(
        "redis and redirect killed",
        "redis redirect",
        (0.2, 4.0),
        _kill_redirect_and_redis,
        *_AWAY,
        KILLS_REDIRECT,
        KILLS_REDIS,
        MAKES_WAIT,
    ),
    fault("clickhouse killed", "clickhouse", _OUTAGE, Kill("clickhouse")),
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
