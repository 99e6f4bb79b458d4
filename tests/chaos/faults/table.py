"""Table that names every fault, and which of them are to meet."""

from types import MappingProxyType

from tests.chaos.faults import (
    machine,
    network,
    operators,
    processes,
    redis_data_loss,
    redis_refusals,
    stores,
)

FAULTS = MappingProxyType(
    {
        each.kind.name: each
        for each in (
            *processes.FAULTS,
            *stores.FAULTS,
            *redis_data_loss.FAULTS,
            *redis_refusals.FAULTS,
            *network.FAULTS,
            *machine.FAULTS,
            *operators.FAULTS,
        )
    }
)

#: What strikes while Redis is full: everything that makes a worker start over, and every other
#: trouble of Redis.
_IN_A_FULL_REDIS = (
    "workers to redis: reply cut",
    "consumer killed",
    "midnight",
    "poison added",
    "salts lost",
    "workers restarted",
    "redis hung up on everybody",
    "workers reloaded",
    "redirect reloaded",
    "redis lost its last second for long",
    "supervisor killed",
    "redis killed",
    "redis failed over",
    "workers to redis: command cut",
    "everything killed",
    "redis restarted",
)
_WHILE_REDIS_IS_AWAY = (
    "crowd of visitors",
    "disk of the spool full",
    "log of redirect blocked",
    "workers restarted",
    "hostile visitors",
    "clock ahead",
    "clickhouse lost power",
    "clock back",
    "consumer asleep past its lease",
)

#: Faults, and those that are to strike while they last, by turns.
PAIRS = MappingProxyType(
    {
        "redis out of memory for long": _IN_A_FULL_REDIS,
        "redis lost its last second for long": _WHILE_REDIS_IS_AWAY,
        "redis lost its last second for a minute": _WHILE_REDIS_IS_AWAY,
        "redis frozen for long": _WHILE_REDIS_IS_AWAY,
        "redis failed over": ("workers restarted", "clickhouse hung", "crowd of visitors"),
        "redis switched over": ("consumer killed", "clock ahead", "hostile visitors"),
        "log of redirect blocked": (
            "redis killed",
            "redis paused writes",
            "redis hung up on everybody",
        ),
        "crowd of visitors": (
            "redirect worker killed",
            "redis restarted",
            "redis lost its last second",
        ),
        "clickhouse lost power": ("consumer killed", "redis killed", "workers killed whole"),
        "hostile visitors": ("redis killed", "consumer killed", "redirect restarted"),
    }
)
