"""Factory that puts the ledger of an installation together from its settings."""

import time
from collections.abc import Callable, Sequence

from app.dead_letters import open_dead_letters
from app.ledger.audit import Audit
from app.ledger.beginnings import Beginnings
from app.ledger.clicks import Clicks
from app.ledger.entries import Call, EntryLedger
from app.ledger.finished import Finished
from app.ledger.outstanding import Outstanding
from app.ledger.spool import spooled
from app.settings import Settings


def open_entries(settings: Settings, call: Call) -> EntryLedger:
    """Return the ledger of the stream's entries."""
    return EntryLedger(call, settings.stream, settings.group)


def open_beginnings(settings: Settings) -> Beginnings:
    """Return the beginnings of the ledgers of the stream's entries."""
    return Beginnings(
        settings.clickhouse_url,
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
        Clicks(settings.clickhouse_url, settings.clickhouse_timeout_seconds),
        Outstanding(
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
