"""Monitor that checks the ledger once a minute, on one host at a time."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing

from app.audit.audit import Audit, LedgerNotBegun
from app.audit.beginnings import Beginnings
from app.audit.click_ref import ClickRef
from app.audit.entry_counts import EntryLedger, Noted
from app.audit.entry_ledgers import EntryLedgers
from app.audit.factory import open_audit, open_beginnings, open_entries
from app.audit.spool import SpoolUnreadable
from app.config.settings import Settings
from app.logs.throttle import OutageLog
from app.metrics.workers import LedgerMetrics
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.keys import ledger_lock_key
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError
from app.stores.scripts import script

logger = logging.getLogger(__name__)

#: Time from one check to the next, whichever host's workers make it.
CHECK_SECONDS = 60.0
#: How often each host looks whether a check is due, and shows what the last one found.
LOOK_SECONDS = 5.0
#: How often it is tried to begin the ledger: what happens before is not its concern.
_BEGIN_SECONDS = 0.5
#: How far back clicks are compared; `hopline audit` compares all of them. A check reads each row of
#: two tables, more where a piece of these begins, and the newest again: so much less than an hour
#: keeps it within twice an hour's rows.
_CLICKS_MS = 55 * 60_000
#: How far apart two answers to when ClickHouse was started may lie.
_STARTED_WITHIN_SECONDS = 5
#: Redis may lose the last check with its last second, and not two of them.
_FORGOTTEN_MS = 150_000
#: A click may be on its way for so long while it can be seen nowhere: when Redis has lost the tail
#: of its AOF, only a redirect worker's memory may hold it until it is sent again.
PATIENCE_SECONDS = (2.0, 5.0, 13.0)
_NAMED = 3


class AuditMonitor:
    """Checks the ledger once a minute, and shows what was found.

    Args:
        try_lock: takes the lock of checks; False while another host holds it.
        beginnings: keep when ledgers began where that outlives Redis; one for each ledger.
    """

    def __init__(
        self,
        entries: EntryLedgers,
        audit: Audit,
        try_lock: Callable[[], bool],
        metrics: LedgerMetrics,
        beginnings: Sequence[Beginnings],
    ) -> None:
        self._entries = entries
        self._audit = audit
        self._try_lock = try_lock
        pairs = zip(entries.ledgers, beginnings, strict=True)
        self._of_streams = [_BeginningOfOne(*pair) for pair in pairs]
        self._metrics = metrics
        errors = (RedisError, ClickHouseError, SpoolUnreadable, LedgerNotBegun)
        self._outage = OutageLog(logger, "the ledger can't be checked: %s", *errors)
        self._has_begun = False

    @property
    def rest_seconds(self) -> float:
        """How long to wait until the next look."""
        return LOOK_SECONDS if self._has_begun else _BEGIN_SECONDS

    def look(self) -> None:
        """Check if that is due; show what was found, here or elsewhere."""
        with self._outage.attempt():
            noted = self._entries.noted()
            if noted is None:
                self._entries.check()
            elif self._try_lock():
                self._check(noted)
            self._show()

    def close(self) -> None:
        """Hang up on ClickHouse."""
        self._audit.close()

    def _check(self, noted: Noted) -> None:
        checked = self._entries.check()
        if checked is None:
            raise LedgerNotBegun("the stream or its group is gone")
        counted, more = checked
        if more:
            logger.error("%d entries went missing from the stream: see hopline audit", more)
        for of_stream in self._of_streams:
            of_stream.look()
        started_seconds = self._audit.server_started_seconds()
        is_vouched = abs(started_seconds - noted.vouched_seconds) <= _STARTED_WITHIN_SECONDS
        suspects = self._audit.suspects(counted.time_ms - _CLICKS_MS, is_vouched=is_vouched)
        missing, uncounted = len(suspects.missing), len(suspects.uncounted)
        # Else the next check would look at less, and find nothing missing any more.
        vouched_seconds = 0 if missing else started_seconds
        self._entries.note_clicks(counted.time_ms, missing, uncounted, vouched_seconds)
        for of_stream in self._of_streams:
            of_stream.note_checked(counted.time_ms)
        _log_more("missing", suspects.missing, noted.missing_clicks)
        _log_more("uncounted", suspects.uncounted, noted.uncounted_clicks)

    def _show(self) -> None:
        noted = self._entries.noted()
        if noted is None:
            return
        self._has_begun = True
        difference = self._metrics.difference
        gaps = self._entries.gaps_of_a_day()
        difference.labels("entries").set(sum(gap.entries for gap in gaps))
        difference.labels("emptied").set(sum(gap.is_emptied for gap in gaps))
        difference.labels("missing").set(noted.missing_clicks)
        difference.labels("uncounted").set(noted.uncounted_clicks)
        self._metrics.checked_seconds.set(noted.compared_ms / 1000)


class _BeginningOfOne:
    """When one stream's ledger began, in Redis and where that outlives Redis."""

    def __init__(self, entries: EntryLedger, beginnings: Beginnings) -> None:
        self._entries = entries
        self._beginnings = beginnings
        self._written_ms = 0
        self._since_ms = 0

    def look(self) -> None:
        noted = self._entries.noted()
        if noted is None:
            raise LedgerNotBegun("the ledger of a stream is gone")
        self._since_ms = noted.since_ms
        self._write_beginning(noted.since_ms)
        self._tell_of_set_back(noted)

    def note_checked(self, time_ms: int) -> None:
        self._beginnings.note_checked(self._since_ms, time_ms)

    def _write_beginning(self, since_ms: int) -> None:
        if since_ms == self._written_ms:
            return
        after_ms = self._beginnings.another_until(since_ms)
        if after_ms is not None:
            logger.error("Redis has lost all that it held, or is another one: see hopline audit")
            self._entries.note_emptied(after_ms, max(since_ms, after_ms))
        # Last: until then the next one finds what this one could not note.
        self._beginnings.write(since_ms)
        self._written_ms = since_ms

    def _tell_of_set_back(self, noted: Noted) -> None:
        """Tell of a Redis that has forgotten checks, and with them all that it took meanwhile."""
        checked_ms = self._beginnings.checked_ms(noted.since_ms)
        after_ms = noted.compared_ms or noted.since_ms
        if checked_ms > after_ms + _FORGOTTEN_MS:
            logger.error("Redis was brought back from an older state: see hopline audit")
            self._entries.note_emptied(after_ms, checked_ms, is_set_back=True)


class AuditThread:
    """Runs the monitor of the ledger in a thread of its own; a check may take as long as a report.

    Args:
        patience_seconds: as :class:`Audit` takes it.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: LedgerMetrics,
        patience_seconds: Sequence[float] = PATIENCE_SECONDS,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._patience_seconds = patience_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Have it end after the look at hand; returns at once."""
        self._over.set()

    def close(self) -> None:
        """Have it end, and wait for that as long as Redis may take."""
        self.stop()
        self._thread.join(self._settings.redis_timeout_seconds)

    def _run(self) -> None:
        over = self._over
        made = _open(self._settings, self._metrics, self._patience_seconds, over.wait)
        with closing(made) as monitor:
            monitor.look()
            while not over.wait(monitor.rest_seconds):
                monitor.look()


def _open(
    settings: Settings,
    metrics: LedgerMetrics,
    patience_seconds: Sequence[float],
    sleep: Callable[[float], object],
) -> AuditMonitor:
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    call = caller(connect(url, timeout_seconds=timeout_seconds), url, timeout_seconds)
    key = ledger_lock_key(settings.stream, settings.group)
    lock = script("workers.stream", "lock")
    command = ("EVAL", lock, 1, key, "supervisor", round(CHECK_SECONDS * 900))
    return AuditMonitor(
        open_entries(settings, call),
        open_audit(settings, call, patience_seconds, sleep),
        lambda: bool(call(*command)),
        metrics,
        open_beginnings(settings),
    )


def _log_more(kind: str, clicks: Sequence[ClickRef], before: int) -> None:
    """Log once that there are more clicks out of place than before; name the newest."""
    if len(clicks) > before:
        names = ", ".join(click.click_id.hex() for click in clicks[-_NAMED:])
        logger.error("%d clicks are %s, such as %s: see hopline audit", len(clicks), kind, names)
