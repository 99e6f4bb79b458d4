"""Faults of the two stores: dead, frozen, full, refusing, forgetful."""

import signal
from random import Random

from tests.chaos.injection import Done, Injection, Until, fault
from tests.chaos.plan import KILLS_REDIRECT, REDIS_AWAY
from tests.chaos.service import Service
from tests.chaos.stage import Stage

_NOWHERE_PORT = 1


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


def _cut_tail(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """Kill Redis and take what it wrote in the last second off its disk."""
    stage.valkey.kill(down_seconds=hold_seconds)
    stage.aof_tail.cut(random)
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


def _fill_memory(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """Have Redis refuse writes for want of memory (OOM)."""
    _command(stage, "CONFIG", "SET", "maxmemory", "1mb")
    return Until(lambda: _command(stage, "CONFIG", "SET", "maxmemory", "0"))


def _demote(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """Have Redis refuse writes because it is a replica (READONLY), then promote it."""
    _command(stage, "REPLICAOF", "127.0.0.1", _NOWHERE_PORT)
    return Until(lambda: _command(stage, "REPLICAOF", "NO", "ONE"))


def _hang_up(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """Have Redis close the connections of all clients."""
    _command(stage, "CLIENT", "KILL", "TYPE", "normal")
    return Done()


def _command(stage: Stage, *words: object) -> None:
    with stage.redis() as client:
        client.execute_command(*words)


def _refuse_parts(stage: Stage, random: Random, hold_seconds: float) -> Injection:
    """Have ClickHouse refuse inserts because of too many parts."""
    stage.ask_clickhouse(
        "ALTER TABLE clicks MODIFY SETTING parts_to_delay_insert = 1, parts_to_throw_insert = 1"
    )
    return Until(
        lambda: stage.ask_clickhouse(
            "ALTER TABLE clicks RESET SETTING parts_to_delay_insert, parts_to_throw_insert"
        )
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

FAULTS = (
    fault("redis killed", "redis", _OUTAGE, _Kill("redis"), REDIS_AWAY),
    fault("redis frozen", "redis", _OUTAGE, _Freeze("redis"), REDIS_AWAY),
    fault("redis restarted", "redis", (0.5, 1.0), _restart_redis, REDIS_AWAY),
    # What Redis forgets, the redirect workers remember: who kills both leaves no copy.
    fault("redis lost its last second", "redis redirect", (0.2, 3.0), _cut_tail, REDIS_AWAY),
    fault(
        "redis and redirect killed",
        "redis redirect",
        (0.2, 4.0),
        _kill_redirect_and_redis,
        REDIS_AWAY,
        KILLS_REDIRECT,
    ),
    fault("redis out of memory", "redis", (0.5, 4.0), _fill_memory, REDIS_AWAY),
    fault("redis demoted to a replica", "redis", (0.5, 4.0), _demote, REDIS_AWAY),
    fault("redis hung up on everybody", "redis", (0.0, 0.5), _hang_up, REDIS_AWAY),
    fault("clickhouse killed", "clickhouse", _OUTAGE, _Kill("clickhouse")),
    fault("clickhouse hung", "clickhouse", _OUTAGE, _Freeze("clickhouse")),
    fault("clickhouse had too many parts", "clickhouse", (1.0, 5.0), _refuse_parts),
    fault("clickhouse missed its table", "clickhouse", (1.0, 4.0), _take_table_away),
    fault(
        "everything killed",
        "redis redirect clickhouse supervisor consumers",
        (0.2, 1.0),
        _kill_everything,
        REDIS_AWAY,
        KILLS_REDIRECT,
    ),
)
