from collections.abc import Callable
from typing import NamedTuple

from workers.entry import Entry
from workers.fence import Fence, WrittenDown
from workers.heartbeat import Pulse
from workers.stream import FIRST_ID, Stream

#: Owners who may die over a written-down batch before its entries are tried in smaller ones.
_MOST_TRIES = 1


class Pace(NamedTuple):
    """How much is asked for, and how often.

    Attributes:
        most_entries: as many as one answer may hold.
        block_ms: how long a read waits for entries.
        claim_idle_seconds: silence after which a consumer counts as dead; looked for twice as
            often.
    """

    most_entries: int
    block_ms: int
    claim_idle_seconds: float


class Portion(NamedTuple):
    """Entries to be dealt with next.

    Attributes:
        is_apart: whether they are a batch of their own, because a consumer died over them.
        written_down: that batch, where it is written down already.
    """

    entries: list[Entry]
    is_apart: bool = False
    written_down: WrittenDown | None = None


class Intake:
    """Decides which entries come next: after an error our own, then those of the dead, then new.

    Args:
        predecessor: a consumer that is known to be dead; '' for none.
    """

    def __init__(
        self,
        stream: Stream,
        fence: Fence,
        pace: Pace,
        pulse: Pulse,
        clock: Callable[[], float],
        predecessor: str = "",
    ) -> None:
        self._stream = stream
        self._fence = fence
        self._pace = pace
        self._pulse = pulse
        self._clock = clock
        self._known_dead = [predecessor] if predecessor else []
        self._dead: list[str] = []
        self._may_have_batches = False
        self._own_after: bytes | None = None
        self._claim_at = clock()
        self._needs_group = True

    def next(self, within_seconds: float, should_end: Callable[[], bool]) -> Portion:
        """Return entries, or none after ``within_seconds`` or once told to end.

        Raises:
            RedisUnavailable, RedisRefused: as the server says; call :meth:`start_over` then.
        """
        self._ensure_group()
        if self._clock() >= self._claim_at:
            self._take_over()
        held = self._held()
        if held.entries:
            return held
        seconds = min(within_seconds, self._claim_at - self._clock(), self._pace.block_ms / 1000)
        # BLOCK 0 would wait for ever.
        block_ms = max(1, round(seconds * 1000))
        with self._pulse.resting():
            return Portion(self._stream.read(self._pace.most_entries, block_ms, should_end))

    def own(self) -> Portion | None:
        """Return the next of our own pending entries; none ends it until the next error."""
        if self._own_after is None:
            return None
        entries = self._stream.own(self._pace.most_entries, self._own_after)
        self._own_after = entries[-1].entry_id if entries else None
        return _portion(entries)

    def start_over(self) -> None:
        """After an error: see that the group is there, and look at what is pending here again."""
        self._needs_group = True
        self._may_have_batches = True
        self._own_after = FIRST_ID
        # Whom the same outage kept from renewing its lease gets time to do so.
        self._claim_at = max(self._claim_at, self._clock() + self._pace.claim_idle_seconds)

    def leave(self) -> None:
        """Leave the group; what is left behind can be taken over at once."""
        self._stream.leave()

    def _held(self) -> Portion:
        return self._written_down() or self.own() or self._inherited() or Portion([])

    def _take_over(self) -> None:
        idle_ms = round(self._pace.claim_idle_seconds * 1000)
        self._dead = self._stream.take_over(self._known_dead, idle_ms)
        self._known_dead = []
        self._may_have_batches = True
        self._claim_at = self._clock() + self._pace.claim_idle_seconds / 2

    def _written_down(self) -> Portion | None:
        while self._may_have_batches:
            batch = self._fence.written_down()
            self._may_have_batches = batch is not None
            if batch is None:
                break
            entries = []
            if batch.tries <= _MOST_TRIES:
                entries = self._stream.fetch(batch.entry_ids, 1 + batch.tries)
            if entries:
                return Portion(entries, is_apart=True, written_down=batch)
            self._fence.forget(batch)
        return None

    def _inherited(self) -> Portion | None:
        while self._dead:
            entries = self._stream.inherited(self._dead[0], self._pace.most_entries)
            if entries:
                return _portion(entries)
            self._dead.pop(0)
        return None

    def _ensure_group(self) -> None:
        if self._needs_group:
            self._stream.ensure_group()
            self._needs_group = False


def _portion(entries: list[Entry]) -> Portion | None:
    if not entries:
        return None
    return Portion(entries, is_apart=any(entry.deliveries > 1 for entry in entries))
