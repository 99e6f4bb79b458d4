"""Totals of the entries of all streams together, where clicks are spread over shards."""

from collections.abc import Iterable, Sequence
from functools import reduce

from app.audit.entry_counts import EntryCount, EntryLedger, Gap, Noted


class EntryLedgers:
    """The ledgers of every shard, as one. Every method raises what they raise.

    Args:
        ledgers: the first also keeps what comparisons of clicks found, which are of all shards.
    """

    def __init__(self, ledgers: Sequence[EntryLedger]) -> None:
        self.ledgers = ledgers

    def check(self, *, exactly: bool = False) -> tuple[EntryCount, int] | None:
        """Count all entries as :meth:`EntryLedger.check`; None where a group is missing."""
        # All of them, as each begins its ledger.
        checked = [ledger.check(exactly=exactly) for ledger in self.ledgers]
        found = [one for one in checked if one is not None]
        if len(found) < len(checked):
            return None
        return reduce(_added, (count for count, _ in found)), sum(more for _, more in found)

    def note_clicks(self, time_ms: int, missing: int, uncounted: int, vouched_seconds: int) -> None:
        """Note what a comparison of clicks found, as :meth:`EntryLedger.note_clicks`."""
        first, *others = self.ledgers
        for ledger in others:
            ledger.note_clicks(time_ms, 0, 0, vouched_seconds)
        first.note_clicks(time_ms, missing, uncounted, vouched_seconds)

    def noted(self) -> Noted | None:
        """Return what the last checks found; None before the first of any shard."""
        every = [ledger.noted() for ledger in self.ledgers]
        found = [one for one in every if one is not None]
        if len(found) < len(every):
            return None
        # A shard that came later has held all its entries since it began.
        return found[0]._replace(
            base=sum(one.base for one in found),
            since_ms=min(one.since_ms for one in found),
            checked_ms=min(one.checked_ms for one in found),
            missing=sum(one.missing for one in found),
        )

    def gaps(self, since_ms: int) -> list[Gap]:
        """Return the gaps that were noticed since a Unix time in any shard, oldest first."""
        return _in_order(gap for ledger in self.ledgers for gap in ledger.gaps(since_ms))

    def gaps_of_a_day(self) -> list[Gap]:
        """Return the gaps that were noticed within a day of the last checks."""
        return _in_order(gap for ledger in self.ledgers for gap in ledger.gaps_of_a_day())


def _added(one: EntryCount, other: EntryCount) -> EntryCount:
    sums = EntryCount(*map(sum, zip(one, other, strict=True)))
    return sums._replace(time_ms=min(one.time_ms, other.time_ms))


def _in_order(gaps: Iterable[Gap]) -> list[Gap]:
    return sorted(gaps, key=lambda gap: gap.before_ms)
