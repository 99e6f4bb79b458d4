"""Audit that compares the clicks that were accepted with what became of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.audit.balance import Figures, State, added_up, balance, state_of_each
from app.audit.click_comparison import Clicks, Compared, Watch
from app.audit.click_ref import ClickRef
from app.audit.entry_counts import EntryCount, Gap, Noted
from app.audit.entry_ledgers import EntryLedgers
from app.audit.finished_entries import AllFinished
from app.audit.in_flight import InFlight

#: Seconds after which what is suspected is looked at again, and again: a click that is on its way
#: between two states may be seen in neither.
PATIENCE_SECONDS = (0.2, 0.8, 2.0)
#: Finished entries that a look at what is suspected takes, the newest; an audit takes all.
_NEWEST = 10_000


class LedgerNotBegun(Exception):
    """Nothing was counted yet: the workers begin the ledger when they run for the first time."""


class Suspects(NamedTuple):
    """Clicks that are not where they should be, oldest first.

    Attributes:
        missing: clicks that were accepted and are nowhere.
        uncounted: clicks in ClickHouse that nobody accepted.
    """

    missing: list[ClickRef]
    uncounted: list[ClickRef]


@dataclass(frozen=True, slots=True)
class Findings:
    """What an audit found.

    Attributes:
        since_ms: time of the oldest click that was looked at, in Unix milliseconds.
        minutes: figures by minute, counted from 1970.
        suspects: what is not where it should be.
        entries: what became of all entries since the ledger began.
        noted: when the ledger began, and with which entries gone.
        gaps: when entries went missing, since ``since_ms``.
        replayable: the missing clicks that the stream still holds, and their entries.
    """

    since_ms: int
    minutes: dict[int, Figures]
    suspects: Suspects
    entries: EntryCount
    noted: Noted
    gaps: list[Gap]
    replayable: Mapping[ClickRef, bytes] = field(default_factory=dict)

    @property
    def total(self) -> Figures:
        """The figures of all minutes."""
        return added_up(self.minutes.values())

    @property
    def missing_entries(self) -> int:
        """Entries that went missing from the stream since ``since_ms``."""
        return sum(gap.entries for gap in self.gaps)

    @property
    def is_balanced(self) -> bool:
        """Whether every click and every entry is accounted for, and no other."""
        is_emptied = any(gap.is_emptied for gap in self.gaps)
        return self.total.is_balanced and not (self.missing_entries or is_emptied)


class Audit:
    """Compares what was accepted with what became of it.

    Every method raises what its collaborators raise: RedisUnavailable, ClickHouseRefused, …

    Args:
        now_ms: the Unix time in milliseconds.
        sleep: waits some seconds.
    """

    def __init__(
        self,
        entries: EntryLedgers,
        clicks: Clicks,
        in_flight: InFlight,
        finished: AllFinished,
        now_ms: Callable[[], int],
        sleep: Callable[[float], object],
        patience_seconds: Sequence[float] = PATIENCE_SECONDS,
    ) -> None:
        self._entries = entries
        self._clicks = clicks
        self._in_flight = in_flight
        self._finished = finished
        self._now_ms = now_ms
        self._sleep = sleep
        self._patience_seconds = patience_seconds

    def run(
        self, since_ms: int = 0, watch: Watch = iter, most_finished: int | None = None
    ) -> Findings:
        """Look at all clicks since a Unix time, as far as the ledger reaches back.

        Args:
            watch: as :meth:`Clicks.compare` takes it.
            most_finished: finished entries, the newest, whose clicks are looked for; None for all.

        Raises:
            LedgerNotBegun: there is nothing to look at.
        """
        noted, checked = self._noted(), self._entries.check(exactly=True)
        if checked is None:
            raise LedgerNotBegun("the stream or its group is gone: run the workers")
        since_ms, compared = self._compare(max(since_ms, noted.since_ms), watch, most_finished)
        states = state_of_each(self._in_flight.click_refs(since_ms))
        compared, states = self._confirmed(since_ms, compared, states)
        begun = self._clicks.among("ledger", states)
        return Findings(
            since_ms,
            balance(
                compared.in_ledger,
                compared.absent,
                compared.uncounted,
                states,
                begun,
                compared.held.keys() - compared.absent,
            ),
            _suspects(compared, states),
            checked[0],
            noted,
            self._entries.gaps(since_ms),
            {click: entry for click, entry in compared.held.items() if click not in states},
        )

    def suspects(self, since_ms: int, *, is_vouched: bool) -> Suspects:
        """Return the clicks since a Unix time that are missing or uncounted.

        Looks at what is on its way only where something is suspected.

        Args:
            is_vouched: whether all that the stream holds was once found with this server of
                ClickHouse. If not, it may have lost that with its power: back to the oldest entry.

        Raises:
            LedgerNotBegun: there is nothing to look at.
        """
        if not is_vouched:
            since_ms = min(since_ms, self._finished.first_ms() or since_ms)
        most = _NEWEST if is_vouched else None
        since_ms, compared = self._compare(max(since_ms, self._noted().since_ms), iter, most)
        compared, states = self._confirmed(since_ms, compared, {})
        return _suspects(compared, states)

    def server_started_seconds(self) -> int:
        """Return when the ClickHouse server was started, as a Unix time."""
        return self._clicks.started_seconds()

    def close(self) -> None:
        """Hang up on ClickHouse."""
        self._clicks.close()

    def _noted(self) -> Noted:
        noted = self._entries.noted()
        if noted is None:
            raise LedgerNotBegun("the ledger has not begun: it does when the workers run")
        return noted

    def _compare(self, since_ms: int, watch: Watch, most: int | None) -> tuple[int, Compared]:
        now_ms = self._now_ms()
        since_ms = max(since_ms, self._clicks.reach_ms(now_ms))
        compared = self._clicks.compare(since_ms, now_ms, watch)
        held: dict[ClickRef, bytes] = {}
        for finished in self._finished.clicks(since_ms, most):
            # The ledger is sorted by time, so most are found there at little cost.
            strange = finished.keys() - (self._clicks.among("ledger", finished) - compared.absent)
            strange -= self._clicks.among("clicks", strange)
            held |= {click: finished[click] for click in strange}
        return since_ms, compared._replace(held=held)

    def _confirmed(
        self, since_ms: int, compared: Compared, states: dict[ClickRef, State]
    ) -> tuple[Compared, dict[ClickRef, State]]:
        """Look again at what is suspected, until nothing is or it has stayed for long enough."""
        for seconds in (0.0, *self._patience_seconds):
            self._sleep(seconds)
            compared = self._still_unequal(compared)
            if not (compared.missing - states.keys() or compared.uncounted):
                return compared, states
            states = states | state_of_each(self._in_flight.click_refs(since_ms))
        return self._still_unequal(compared), states

    def _still_unequal(self, compared: Compared) -> Compared:
        return Compared(
            compared.in_ledger,
            compared.absent - self._clicks.among("clicks", compared.absent),
            compared.uncounted - self._clicks.among("ledger", compared.uncounted),
            self._still_held(compared.held),
        )

    def _still_held(self, held: Mapping[ClickRef, bytes]) -> dict[ClickRef, bytes]:
        stored = self._clicks.among("clicks", held)
        absent = {click: entry for click, entry in held.items() if click not in stored}
        return self._finished.still(absent)


def _suspects(compared: Compared, states: Mapping[ClickRef, State]) -> Suspects:
    return Suspects(sorted(compared.missing - states.keys()), sorted(compared.uncounted))
