"""Lookup that finds links: in memory while Redis vouches for it, else in Redis, else as last seen.

Rule 1: what a lookup read is remembered as fresh only if the whole lookup lay within one watch and
        no change of that link was told meanwhile. If a watch began meanwhile, it is a link last
        seen: whoever was redirected by it still is when Redis goes away a moment later.
Rule 2: who asks after a change was told, or after a watch began, never shares a lookup that began
        before.
Rule 3: who has a link last seen to go by waits for Redis as long as the lookup budget. Who would
        get an error page waits on, until Redis has been silent for the lookup timeout; from then on
        nobody waits. See docs/adr/0017-wait-rather-than-refuse.md.
"""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import gevent
from gevent.hub import Waiter

from app.config.settings import Settings
from app.links.link import Link
from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.links.answers import (
    UNKNOWN,
    Found,
    LookupUnavailable,
    OnFound,
    Unknown,
    command_of,
    read,
)
from app.redirect.links.cache import Held, LinkCache, UnknownCodes, Watch
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replies import PipelineError
from app.redirect.tasks.deadlines import Deadlines

logger = logging.getLogger(__name__)


class KnownLinks(ABC):
    """Links in memory, and lookups of those that aren't there; where to ask is for who inherits."""

    def __init__(
        self,
        settings: Settings,
        metrics: RedirectMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lookups = metrics.link_lookups
        self._late_lookups = metrics.link_lookups_late
        self._clock = clock
        self._stale_seconds = settings.link_stale_seconds
        self._timeout_seconds = settings.lookup_timeout_seconds
        self._links = LinkCache(settings.link_cache_size)
        self._unknown = UnknownCodes(
            settings.unknown_cache_size, settings.unknown_cache_seconds, clock
        )
        self._pending: dict[str, PendingLookup] = {}
        self._changes_told = 0
        loop: Any = gevent.get_hub().loop
        self._deadlines = Deadlines(loop, settings.lookup_budget_ms / 1000, clock)
        self._throttled = ThrottledLog(logger, clock=clock)

    def __len__(self) -> int:
        return len(self._links)

    @property
    @abstractmethod
    def is_watching(self) -> bool:
        """Whether Redis reports changes at present."""

    @abstractmethod
    def cached(self, code: str) -> Link | Unknown | None:
        """Return what may be answered from memory, or None when Redis has to be asked.

        While Redis is away, links last seen may be answered until they are too old.
        """

    @abstractmethod
    def _send(self, code: str) -> "PendingLookup | None":
        """Ask Redis for a link, and return the lookup; None while Redis is away."""

    @abstractmethod
    def _is_away(self, code: str, silence_seconds: float) -> bool:
        """Tell whether who has a code's link is away, or has been silent for longer than that."""

    @abstractmethod
    def _watch_over(self, code: str) -> Watch | None:
        """Return the watch that lasts over a code's link."""

    def find(self, code: str, on_found: OnFound) -> None:
        """Call ``on_found`` once, at once or within the lookup timeout, in the hub."""
        found = self.cached(code)
        if found is not None:
            on_found(found)
            return
        pending = self._pending.get(code) or self._ask(code)
        if pending is None:
            on_found(self.counted(self._fallback(code, "Redis is away")))
        else:
            pending.waiting.append(on_found)

    def get(self, code: str) -> Link | Unknown:
        """Return the link; blocks the calling greenlet within the lookup timeout.

        Raises:
            LookupUnavailable: Redis is away or slow, and the link is not known here.
        """
        found: Found | None = self.cached(code)
        if found is None:
            waiter: Waiter[Found] = Waiter()
            self.find(code, waiter.switch)
            found = waiter.get()
        if isinstance(found, LookupUnavailable):
            raise found
        return found

    def changed(self, code: str) -> None:
        """Drop what is held of a link, and detach its lookup: it may have read the old state."""
        self._changes_told += 1
        self._links.forget(code)
        self._unknown.forget(code)
        self._detach(code)

    def all_changed(self) -> None:
        """Drop all that is held."""
        self._changes_told += 1
        self._links.clear()
        self._unknown.clear()
        for code in list(self._pending):
            self._detach(code)

    def _ask(self, code: str) -> "PendingLookup | None":
        pending = self._send(code)
        if pending is not None:
            self._pending[code] = pending
            self._deadlines.add(pending)
        return pending

    def complete(self, pending: "PendingLookup", reply: object) -> None:
        """Tell those who wait what Redis replied, and remember it."""
        if self._pending.get(pending.code) is pending:
            del self._pending[pending.code]
        try:
            found = read(pending.code, reply)
        except LookupUnavailable as error:
            self._throttled.warning("unavailable", "Link %r: %s", pending.code, error)
            pending.release(self._fallback(pending.code, str(error)))
            return
        if not pending.outdated:
            self._remember(pending, found)
        elif isinstance(found, Link) and pending.changes_told == self._changes_told:
            self._remember_as_stale(pending, found)
        pending.release(found)

    def _detach(self, code: str) -> None:
        pending = self._pending.pop(code, None)
        if pending is not None:
            pending.outdated = True

    def _overtake_all(self) -> None:
        """Detach all lookups, as none of them lies within one watch."""
        now = self._clock()
        for pending in self._pending.values():
            pending.outdated, pending.overtaken_at = True, now
            pending.changes_told = self._changes_told
        self._pending.clear()

    def give_up(self, pending: "PendingLookup") -> None:
        """Tell those who wait what is known without Redis; if nothing is, have them wait on."""
        found = self._fallback(pending.code, "Redis is slow")
        is_patient = pending.waiting and isinstance(found, LookupUnavailable)
        if is_patient and not self._is_away(pending.code, self._timeout_seconds):
            if not pending.is_late:
                pending.is_late = True
                self._late_lookups.inc()
            self._deadlines.add(pending)
            return
        # Detached, because nobody may join whose deadline it would not keep.
        self._detach(pending.code)
        pending.release(found)

    def _remember(self, pending: "PendingLookup", found: Link | Unknown) -> None:
        if isinstance(found, Link):
            watch = pending.watch or Watch(ended_at=self._clock())
            self._links.put(pending.code, Held(found, watch))
            return
        self._links.forget(pending.code)
        if pending.watch is not None and pending.watch is self._watch_over(pending.code):
            self._unknown.add(pending.code)

    def _remember_as_stale(self, pending: "PendingLookup", link: Link) -> None:
        held = self._links.get(pending.code)
        if held is None or held.watch.ended_at < pending.overtaken_at:
            self._links.put(pending.code, Held(link, Watch(pending.overtaken_at)))

    def _fallback(self, code: str, reason: str) -> Found:
        held = self._links.get(code)
        stale = self._stale(held) if held is not None else None
        return stale or LookupUnavailable(reason)

    def counted(self, found: Found) -> Found:
        """Return what was found, counted by its outcome."""
        outcome = "found" if isinstance(found, Link) else "unknown"
        if isinstance(found, LookupUnavailable):
            outcome = "unavailable"
        self._lookups.labels(outcome).inc()
        return found

    def _stale(self, held: Held) -> Link | None:
        age_seconds = self._clock() - held.watch.ended_at
        return held.link if age_seconds <= self._stale_seconds else None


class Lookup(KnownLinks):
    """Answers which link a code has; listens to :class:`~app.redirect.links.tracking.Tracking`."""

    def __init__(
        self,
        pipeline: Pipeline,
        settings: Settings,
        metrics: RedirectMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(settings, metrics, clock)
        self._pipeline = pipeline
        self._watch: Watch | None = None

    @property
    def is_watching(self) -> bool:
        """Whether Redis reports changes at present."""
        return self._watch is not None

    def cached(self, code: str) -> Link | Unknown | None:
        """Return what may be answered from memory, as the parent says."""
        held = self._links.young.get(code) or self._links.get(code)
        if held is not None:
            if held.watch is self._watch:
                return held.link
            is_away = self._is_away(code, self._deadlines.budget_seconds)
            return self._stale(held) if is_away else None
        return UNKNOWN if code in self._unknown else None

    def watch_began(self) -> None:
        """Trust what is read from now on; anything may have changed unheard before."""
        self._watch = Watch()
        self._unknown.clear()
        self._overtake_all()

    def watch_ended(self) -> None:
        """Take all that is held for stale."""
        if self._watch is not None:
            self._watch.ended_at = self._clock()
        self._watch = None
        self._unknown.clear()

    def _send(self, code: str) -> "PendingLookup | None":
        if self._is_away(code, self._timeout_seconds):
            return None
        pending = PendingLookup(self, code, self._watch)
        try:
            self._pipeline.submit(command_of(code), pending.on_reply)
        except PipelineError:
            return None
        return pending

    def _watch_over(self, _code: str) -> Watch | None:
        return self._watch

    def _is_away(self, _code: str, silence_seconds: float) -> bool:
        if not self._pipeline.connected.is_set():
            return True
        return self._pipeline.oldest_age() > silence_seconds


class PendingLookup:
    """A GET on its way, and all who wait for it.

    Attributes:
        outdated: whether what it reads may no longer be fresh.
        overtaken_at, changes_told: when a watch began or ended meanwhile, in monotonic seconds, and
            how many changes had been told by then; -1 where none did.
    """

    __slots__ = (
        "_lookup",
        "changes_told",
        "code",
        "is_late",
        "outdated",
        "overtaken_at",
        "settled",
        "waiting",
        "watch",
    )

    def __init__(self, lookup: KnownLinks, code: str, watch: Watch | None) -> None:
        self._lookup = lookup
        self.code = code
        self.watch = watch
        self.is_late = False
        self.outdated = False
        self.overtaken_at = -1.0
        self.changes_told = -1
        self.settled = False
        self.waiting: list[OnFound] = []

    def on_reply(self, reply: object) -> None:
        """Take what the pipeline calls back with."""
        self.settled = True
        self._lookup.complete(self, reply)

    def expire(self) -> None:
        """Wait for Redis no longer than need be."""
        self._lookup.give_up(self)

    def release(self, found: Found) -> None:
        """Tell all who wait."""
        waiting, self.waiting = self.waiting, []
        if waiting:
            self._lookup.counted(found)
        for on_found in waiting:
            try:
                on_found(found)
            except Exception:
                # One caller's fault must not cost the others their link.
                logger.exception("A lookup's callback failed")
