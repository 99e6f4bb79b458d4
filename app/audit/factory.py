"""Factory that puts the ledger of an installation together from its settings."""

import time
from collections.abc import Callable, Sequence

from app.audit.audit import Audit
from app.audit.beginnings import Beginnings
from app.audit.click_comparison import Clicks
from app.audit.entry_counts import Call, EntryLedger
from app.audit.entry_ledgers import EntryLedgers
from app.audit.finished_entries import AllFinished, Finished
from app.audit.in_flight import InFlight
from app.audit.spool import spooled
from app.config.settings import Settings
from app.config.shards import shards_of
from app.dead_letters.shards import open_all_dead_letters


def open_entries(settings: Settings, call: Call) -> EntryLedgers:
    """Return the ledgers of the entries of every stream that is read."""
    return EntryLedgers([EntryLedger(call, *_names(shard)) for shard in shards_of(settings)])


def open_beginnings(settings: Settings) -> list[Beginnings]:
    """Return the beginnings of those ledgers, in their order."""
    url, timeout_seconds = settings.clickhouse_server, settings.clickhouse_timeout_seconds
    return [Beginnings(url, timeout_seconds, *_names(shard)) for shard in shards_of(settings)]


def open_audit(
    settings: Settings,
    call: Call,
    patience_seconds: Sequence[float],
    sleep: Callable[[float], object] = time.sleep,
) -> Audit:
    """Return an audit; nothing is connected before it runs. Arguments as for :class:`Audit`."""
    shards = shards_of(settings)
    return Audit(
        open_entries(settings, call),
        Clicks(settings.clickhouse_server, settings.clickhouse_timeout_seconds),
        InFlight(
            call,
            [shard.stream for shard in shards],
            settings.group,
            open_all_dead_letters(settings),
            lambda: spooled(settings.spool_directory),
        ),
        AllFinished([Finished(call, *_names(shard)) for shard in shards]),
        lambda: time.time_ns() // 1_000_000,
        sleep,
        patience_seconds,
    )


def _names(shard: Settings) -> tuple[str, str]:
    return shard.stream, shard.group
