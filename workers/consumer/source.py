"""Source that decides which entries a consumer takes up next."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from app.clicks.entry import Entry
from workers.process.heartbeat import Pulse
from workers.stream.lease import BatchRecord, Fence
from workers.stream.stream import FIRST_ID, Stream

#: Owners who may die over a recorded batch before its entries are tried in smaller ones.
_MOST_TRIES = 1
#: A read of 300 entries costs a third less for each than one of 100, and takes Redis 1 ms, which
#: nobody notices who waits for it. Those of 500 don't fit into a core's cache: what is made of them
#: is out of it again before the next step takes it up, for 0.5 µs more each.
_BACKLOG_TIMES = 3


class Pace(NamedTuple):
    """How much is asked for, and how often.

    Attributes:
        most_entries: as many as one answer may hold, unless there is a backlog.
        block_ms: how long a read waits for entries.
        claim_idle_seconds: silence after which a consumer counts as dead; looked for twice as
            often.
    """

    most_entries: int
    block_ms: int
    claim_idle_seconds: float

    @property
    def most_of_backlog(self) -> int:
        """As many entries as one answer may hold while there is a backlog."""
        return _BACKLOG_TIMES * self.most_entries


class FetchedBatch(NamedTuple):
    """Entries to be dealt with next.

    Attributes:
        is_apart: whether they are a batch of their own, because a consumer died over them.
        record: of that batch, where it has one already.
        rest: further entries of that batch, which would take too much memory all at once.
    """

    entries: list[Entry]
    is_apart: bool = False
    record: BatchRecord | None = None
    rest: Iterable[list[Entry]] = ()

    def pieces(self) -> Iterator[list[Entry]]:
        """Yield all entries, some at a time; raises what :meth:`Stream.fetch` raises."""
        yield self.entries
        yield from self.rest


class Source:
    """Decides which entries come next: after an error our own, then those of the dead, then new.

    Args:
        submit: takes entries on; False when some of them have to be looked at again.
        should_end: whether to wait for entries no longer.
        predecessor: a consumer that is known to be dead; '' for none.
    """

    def __init__(
        self,
        stream: Stream,
        fence: Fence,
        pace: Pace,
        pulse: Pulse,
        submit: Callable[[FetchedBatch], bool],
        should_end: Callable[[], bool],
        clock: Callable[[], float],
        predecessor: str = "",
    ) -> None:
        self._stream = stream
        self._fence = fence
        self._pace = pace
        self._pulse = pulse
        self._submit = submit
        self._should_end = should_end
        self._clock = clock
        self._known_dead = [predecessor] if predecessor else []
        self._dead: list[str] = []
        self._may_have_batches = False
        self._own_after: bytes | None = None
        self._may_have_strays = False
        self._full_reads = 0
        self._claim_at = clock()
        self._needs_group = True

    def poll(self, within_seconds: float) -> None:
        """Hand on what comes next, if anything does within some seconds.

        Raises:
            RedisUnavailable, RedisRefused: as the server says; call :meth:`start_over` then.
        """
        self._ensure_group()
        if self._clock() >= self._claim_at:
            self._claim_consumers()
        if fetched := self._unfinished() or self._own() or self._claimed():
            self._hand_on(fetched)
            return
        seconds = min(within_seconds, self._claim_at - self._clock(), self._pace.block_ms / 1000)
        with self._pulse.resting():
            # BLOCK 0 would wait for ever.
            entries = self._read(max(1, round(seconds * 1000)))
        self._hand_on(FetchedBatch(entries))

    def poll_backlog(self) -> bool:
        """Hand on new entries if there is a backlog and nothing else has to come first.

        It may be called while a batch is on its way, as :meth:`poll` may not: that looks through
        what is pending here, and would find the entries of that batch.

        Raises:
            RedisUnavailable, RedisRefused: as the server says; call :meth:`start_over` then.
        """
        comes_first = (
            self._needs_group
            or self._may_have_batches
            or self._own_after is not None
            or self._dead
            or self._clock() >= self._claim_at
        )
        if comes_first or not self._full_reads:
            return False
        entries = self._read(1)
        self._hand_on(FetchedBatch(entries))
        return bool(entries)

    def poll_own(self) -> bool:
        """Hand on the next of our own pending entries; False ends them until the next error."""
        fetched = self._own()
        if fetched:
            self._hand_on(fetched)
        return fetched is not None

    def start_over(self) -> None:
        """After an error: see that the group is there, and look at what is pending here again."""
        self._stream.give_up()
        self._full_reads = 0
        self._may_have_strays = True
        self._needs_group = True
        self._may_have_batches = True
        self._own_after = FIRST_ID
        # Whom the same outage kept from renewing its lease gets time to do so.
        self._claim_at = max(self._claim_at, self._clock() + self._pace.claim_idle_seconds)

    def leave(self) -> None:
        """Leave the group; what is left behind can be claimed at once."""
        self._stream.leave()

    def _hand_on(self, fetched: FetchedBatch) -> None:
        if not self._submit(fetched):
            self.start_over()

    def _read(self, block_ms: int) -> list[Entry]:
        is_behind = self._full_reads > 0
        count = self._pace.most_of_backlog if is_behind else self._pace.most_entries
        entries = self._stream.read(count, block_ms, self._should_end)
        self._full_reads = self._full_reads + 1 if len(entries) >= count else 0
        if self._full_reads > 1:
            self._stream.ask_ahead(self._pace.most_of_backlog)
        return entries

    def _own(self) -> FetchedBatch | None:
        if self._own_after is None:
            return None
        entries = self._stream.own(self._pace.most_entries, self._own_after)
        self._own_after = entries[-1].entry_id if entries else None
        return _fetched_batch(entries)

    def _claim_consumers(self) -> None:
        idle_ms = round(self._pace.claim_idle_seconds * 1000)
        self._dead = self._stream.claim_consumers(self._known_dead, idle_ms)
        self._known_dead = []
        self._may_have_batches = True
        if self._may_have_strays:
            # A read that was given up after an error may have been carried out since.
            self._own_after = FIRST_ID
            self._may_have_strays = False
        self._claim_at = self._clock() + self._pace.claim_idle_seconds / 2

    def _unfinished(self) -> FetchedBatch | None:
        while self._may_have_batches:
            record = self._fence.unfinished()
            self._may_have_batches = record is not None
            if record is None:
                break
            if record.tries <= _MOST_TRIES:
                pieces = self._stream.fetch(record.entry_ids, 1 + record.tries)
                if (first := next(pieces, None)) is not None:
                    return FetchedBatch(first, is_apart=True, record=record, rest=pieces)
            self._fence.forget(record)
        return None

    def _claimed(self) -> FetchedBatch | None:
        while self._dead:
            entries = self._stream.claim_entries(self._dead[0], self._pace.most_entries)
            if entries:
                return _fetched_batch(entries)
            self._dead.pop(0)
        return None

    def _ensure_group(self) -> None:
        if self._needs_group:
            self._stream.ensure_group()
            self._needs_group = False


def _fetched_batch(entries: list[Entry]) -> FetchedBatch | None:
    if not entries:
        return None
    return FetchedBatch(entries, is_apart=any(entry.deliveries > 1 for entry in entries))
