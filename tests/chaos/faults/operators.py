"""Faults by the hands of those who run the stores: groups destroyed, tables taken down, rights."""

from random import Random

from loadtest.faults.injection import Done, Injection, Until
from tests.chaos.faults.fault import fault
from tests.chaos.faults.plan import REDIS_AWAY, UNHEARD
from tests.chaos.testbed.testbed import Testbed

#: Less than ClickHouse needs to start: it runs, and refuses whatever takes memory.
_LITTLE_MEMORY_BYTES = 64 << 20


def _destroy_group(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Take the group away, with all that it knows of what is read and pending."""
    with testbed.redis() as client:
        client.xgroup_destroy(testbed.pick_stream(random), testbed.settings.group)
    return Done()


def _make_group_again(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Destroy the group and make it anew in one step, so that nobody sees it gone."""
    stream, group = testbed.pick_stream(random), testbed.settings.group
    with testbed.redis() as client, client.pipeline() as transaction:
        transaction.xgroup_destroy(stream, group)
        transaction.xgroup_create(stream, group, id="0")
        transaction.execute()
    return Done()


def _rewind_group(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Set the group back to the beginning; what is pending stays so."""
    with testbed.redis() as client:
        client.xgroup_setid(testbed.pick_stream(random), testbed.settings.group, id="0")
    return Done()


def _forbid_scripts(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Load rights that lack what every step of a worker needs."""
    return _without(testbed, "-eval")


def _forbid_reads(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Load rights under which no worker may read the stream."""
    return _without(testbed, "-xreadgroup")


def _without(testbed: Testbed, rule: str) -> Injection:
    def load(right: str) -> None:
        with testbed.redis() as client:
            client.execute_command("ACL", "SETUSER", "default", right)

    load(rule)
    return Until(lambda: load("+@all"))


def _detach_table(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have ClickHouse forget its table for a while; its parts stay where they are."""
    testbed.ask_clickhouse("DETACH TABLE clicks")
    return Until(lambda: testbed.ask_clickhouse("ATTACH TABLE IF NOT EXISTS clicks"))


def _detach_ledger(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have ClickHouse miss what rows are entered in, while it would take the rows themselves."""
    testbed.ask_clickhouse("DETACH TABLE ledger")
    return Until(lambda: testbed.ask_clickhouse("ATTACH TABLE IF NOT EXISTS ledger"))


def _make_read_only(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have a table of ClickHouse take no rows: that of the clicks, or their ledger."""
    table = random.choice(("clicks", "ledger"))
    testbed.ask_clickhouse(f"ALTER TABLE {table} MODIFY SETTING table_readonly = 1")
    return Until(
        lambda: testbed.ask_clickhouse(f"ALTER TABLE {table} RESET SETTING table_readonly")
    )


def _take_memory(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Start ClickHouse with a bound of memory that it has reached before it does anything."""
    testbed.limit_clickhouse(_LITTLE_MEMORY_BYTES)
    return Until(lambda: testbed.limit_clickhouse(None))


_AWAY = (REDIS_AWAY, UNHEARD)

FAULTS = (
    fault("group destroyed", "group redis", (0.0, 0.5), _destroy_group),
    fault("group made again", "group redis", (0.0, 0.5), _make_group_again),
    fault("group set back", "group redis", (0.0, 0.5), _rewind_group),
    fault("redis allowed no scripts", "redis", (1.0, 5.0), _forbid_scripts, *_AWAY),
    fault("redis allowed no reads", "redis", (1.0, 5.0), _forbid_reads),
    fault("table of clicks detached", "clickhouse", (1.0, 5.0), _detach_table),
    fault("ledger detached", "clickhouse", (1.0, 5.0), _detach_ledger),
    fault("clickhouse was read-only", "clickhouse", (1.0, 6.0), _make_read_only),
    fault("clickhouse was out of memory", "clickhouse", (2.0, 8.0), _take_memory),
)
