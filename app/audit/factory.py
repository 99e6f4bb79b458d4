"""Factory that puts the ledger of an installation together from its settings."""

import time
from collections.abc import Callable, Sequence

from app.audit.audit import Audit
from app.audit.beginnings import Beginnings
from app.audit.click_comparison import Clicks
from app.audit.entry_counts import Call, EntryLedger
from app.audit.finished_entries import Finished
from app.audit.in_flight import InFlight
from app.audit.spool import spooled
from app.config.settings import Settings
from app.dead_letters.store import open_dead_letters


def open_entries(settings: Settings, call: Call) -> EntryLedger:
    """Return the ledger of the stream's entries."""
    return EntryLedger(call, settings.stream, settings.group)


def open_beginnings(settings: Settings) -> Beginnings:
    """Return the beginnings of the ledgers of the stream's entries."""
    return Beginnings(
        settings.clickhouse_server,
        settings.clickhouse_timeout_seconds,
        settings.stream,
        settings.group,
    )


def open_audit(
    settings: Settings,
    call: Call,
    patience_seconds: Sequence[float],
    sleep: Callable[[float], object] = time.sleep,
) -> Audit:
    """Return an audit; nothing is connected before it runs. Arguments as for :class:`Audit`."""
    return Audit(
        open_entries(settings, call),
        Clicks(settings.clickhouse_server, settings.clickhouse_timeout_seconds),
        InFlight(
            call,
            settings.stream,
            settings.group,
            open_dead_letters(settings),
            lambda: spooled(settings.spool_directory),
        ),
        Finished(call, settings.stream, settings.group),
        lambda: time.time_ns() // 1_000_000,
        sleep,
        patience_seconds,
    )
