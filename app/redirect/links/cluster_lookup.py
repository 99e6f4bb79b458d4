"""Lookup that finds links over a cluster: each at the primary that serves its slot.

Rule 1: a link is as fresh as the watch at the primary where it was read, for as long as that one
        serves its slot. After a move to another primary, the link is asked for there; after one
        back, too, as nobody may have told of what happened there.
Rule 2: whichever primary tells of a change is believed.
Rule 3: while a slot is being moved, what another primary answers is as fresh as the watch there.
Rule 4: where a node names a primary that is not known yet, who would get an error page waits for
        the map, and no longer than for a Redis that is silent.
"""

import math
import time
from collections.abc import Callable, Collection
from contextlib import suppress

from app.config.settings import Settings
from app.links.link import Link
from app.metrics.redirect import RedirectMetrics
from app.redirect.links.answers import UNKNOWN, LookupUnavailable, Unknown, command_of
from app.redirect.links.cache import Held, Watch
from app.redirect.links.lookup import KnownLinks, PendingLookup
from app.redirect.redis.cluster.primaries import Primaries
from app.redirect.redis.cluster.primary import Primary
from app.redirect.redis.replies import PipelineError
from app.stores.keys import link_key
from app.stores.redis.cluster import SLOT_COUNT, slot_of


class ClusterLookup(KnownLinks):
    """Answers which link a code has, at any of a cluster's primaries."""

    def __init__(
        self,
        primaries: Primaries,
        settings: Settings,
        metrics: RedirectMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(settings, metrics, clock)
        self._primaries = primaries
        self._watched: dict[Primary, WatchedPrimary] = {}
        self._of_slot: list[WatchedPrimary | None] = [None] * SLOT_COUNT
        self._moved_at: dict[int, float] = {}
        self._held: list[_ClusterPending] = []
        primaries.on_moved.append(self._note_moved)
        primaries.on_left.append(lambda left: self._watched.pop(left).watch_ended())

    @property
    def is_watching(self) -> bool:
        """Whether all primaries report changes at present."""
        all_watched = [self._watched[each].watch for each in self._primaries.all]
        return bool(all_watched) and None not in all_watched

    def watched(self, primary: Primary) -> "WatchedPrimary":
        """Return who is told of the links of a primary, which has yet to take part."""
        self._watched[primary] = watched = WatchedPrimary(self, primary)
        return watched

    def cached(self, code: str) -> Link | Unknown | None:
        """Return what may be answered from memory, as the parent says."""
        held = self._links.young.get(code) or self._links.get(code)
        if held is not None:
            if held.watch is self._watch_over(code):
                return held.link
            is_away = self._is_away(code, self._deadlines.budget_seconds)
            return self._stale(held) if is_away else None
        return UNKNOWN if code in self._unknown else None

    def note_watch(self) -> None:
        """Ask again for what is unknown or on its way, as a watch has begun or ended."""
        self._unknown.clear()
        self._overtake_all()
        held, self._held = self._held, []
        for pending in held:
            if pending.waiting:
                self._ask_again(pending)

    def complete(self, pending: PendingLookup, reply: object) -> None:
        """Follow a redirection once, and tell what came of the lookup, as the parent does."""
        if not (isinstance(pending, _ClusterPending) and self._goes_on(pending, reply)):
            super().complete(pending, reply)

    def give_up(self, pending: PendingLookup) -> None:
        """Have who waits for the map wait on; tell others what is known, as the parent does."""
        if isinstance(pending, _ClusterPending) and pending in self._held:
            if self._is_patient(pending):
                self._deadlines.add(pending)
                return
            self._held.remove(pending)
        super().give_up(pending)

    def _goes_on(self, pending: "_ClusterPending", reply: object) -> bool:
        asked, pending.asked = pending.asked, None
        if asked is None:
            return False
        command = command_of(pending.code)
        target = self._primaries.follow(reply, asked, command, pending.on_reply)
        if target is not None:
            pending.watch = self._watched[target].watch_over(_slot(pending.code))
        elif str(reply).startswith("MOVED ") and self._is_patient(pending):
            self._held.append(pending)
        else:
            return False
        pending.settled = False
        return True

    def _is_patient(self, pending: "_ClusterPending") -> bool:
        is_early = self._clock() < pending.patient_until
        return is_early and isinstance(self._fallback(pending.code, ""), LookupUnavailable)

    def _ask_again(self, pending: "_ClusterPending") -> None:
        watched = self._of_slot[_slot(pending.code)]
        if watched is None or watched.primary.is_away:
            self._held.append(pending)
            return
        pending.asked, pending.watch = watched.primary, None
        with suppress(PipelineError):
            watched.primary.pipeline.submit_here(command_of(pending.code), pending.on_reply)

    def now(self) -> float:
        """Return the time in monotonic seconds."""
        return self._clock()

    def _send(self, code: str) -> PendingLookup | None:
        watched = self._of_slot[_slot(code)]
        if watched is None or self._is_away(code, self._timeout_seconds):
            return None
        pending = _ClusterPending(self, code, watched, self._clock() + self._timeout_seconds)
        try:
            watched.primary.pipeline.submit_here(command_of(code), pending.on_reply)
        except PipelineError:
            return None
        return pending

    def _watch_over(self, code: str) -> Watch | None:
        slot = _slot(code)
        watched = self._of_slot[slot]
        return None if watched is None else watched.watch_over(slot)

    def _stale(self, held: Held) -> Link | None:
        if held.watch.ended_at < math.inf:
            return super()._stale(held)
        # The watch goes on, over other slots: since the move nobody tells of this link.
        ended_at = self._moved_at.get(_slot(held.link.code), self._clock())
        return super()._stale(Held(held.link, Watch(ended_at)))

    def _is_away(self, code: str, silence_seconds: float) -> bool:
        watched = self._of_slot[_slot(code)]
        if watched is None or watched.primary.is_away:
            return True
        return watched.primary.pipeline.oldest_age() > silence_seconds

    def _note_moved(self, slots: Collection[int]) -> None:
        now = self._clock()
        for slot in slots:
            before, primary = self._of_slot[slot], self._primaries.of_slot[slot]
            self._of_slot[slot] = None if primary is None else self._watched[primary]
            self._moved_at[slot] = now
            if before is not None:
                before.leave(slot)
        self.note_watch()


class WatchedPrimary:
    """Listener to one primary, for a lookup.

    Attributes:
        watch: that lasts; None while changes are not heard. Over slots that were elsewhere
            meanwhile there is another.
    """

    def __init__(self, lookup: ClusterLookup, primary: Primary) -> None:
        self.primary = primary
        self.watch: Watch | None = None
        self._over_returned: dict[int, Watch] = {}
        self.changed = lookup.changed
        self.all_changed = lookup.all_changed
        self._lookup = lookup

    def watch_began(self) -> None:
        """Trust what is read there from now on."""
        self.watch = Watch()
        self._over_returned.clear()
        self._lookup.note_watch()

    def watch_ended(self) -> None:
        """Take all that was read there for stale."""
        for watch in filter(None, (self.watch, *self._over_returned.values())):
            watch.ended_at = self._lookup.now()
        self.watch = None
        self._over_returned.clear()
        self._lookup.note_watch()

    def watch_over(self, slot: int) -> Watch | None:
        """Return the watch over a slot that this primary serves."""
        return self._over_returned.get(slot, self.watch)

    def leave(self, slot: int) -> None:
        """Tell what was read of a slot, which moves away, from what is read once it is back."""
        if self.watch is not None:
            self._over_returned[slot] = Watch()


class _ClusterPending(PendingLookup):
    """A GET on its way to a primary.

    Attributes:
        asked: who was asked; None once it has redirected the GET.
        patient_until: when who waits for the map is told, in monotonic seconds.
    """

    __slots__ = ("asked", "patient_until")

    def __init__(
        self, lookup: ClusterLookup, code: str, watched: WatchedPrimary, patient_until: float
    ) -> None:
        super().__init__(lookup, code, watched.watch_over(_slot(code)))
        self.asked: Primary | None = watched.primary
        self.patient_until = patient_until


def _slot(code: str) -> int:
    return slot_of(link_key(code))
