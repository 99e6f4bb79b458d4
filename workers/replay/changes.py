"""Tally that counts what a replay changed: which value of a column became which other one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from app.clicks.rows import Rows
from app.http.kept_address import UNKNOWN, kept
from workers.replay.rows import COMPARED

#: Pairs of a column that are told apart. When there are twice as many, those met least often are
#: together: visitors make up what stands in some columns.
MOST_PAIRS = 500
#: Letters of a value that are told.
_LETTERS = 80
#: What stands where nothing does.
EMPTY = "(none)"


class Change(NamedTuple):
    """A value and the one that takes its place, as text."""

    old: str
    new: str


@dataclass(slots=True)
class _Column:
    """What happened to one column.

    Attributes:
        clicks: all that changed.
        pairs: those that are told apart.
        is_exact: whether no pair has clicks among those that are together.
    """

    clicks: int = 0
    pairs: Counter[Change] = field(default_factory=Counter)
    is_exact: bool = True

    def prune(self) -> None:
        if len(self.pairs) > 2 * MOST_PAIRS:
            self.pairs = Counter(dict(self.pairs.most_common(MOST_PAIRS)))
            self.is_exact = False


class ColumnChanges(NamedTuple):
    """What a person is told of one column.

    Attributes:
        column: its name.
        clicks: how many it changed of; exact.
        top: the changes met most often, and of how many clicks each.
        others: clicks of all other changes.
        is_exact: else some of ``others`` belong to ``top``.
    """

    column: str
    clicks: int
    top: tuple[tuple[Change, int], ...]
    others: int
    is_exact: bool


@dataclass(slots=True)
class Changes:
    """Numbers of clicks by column, old value and new one, in bounded memory."""

    _columns: dict[str, _Column] = field(default_factory=dict)

    @classmethod
    def between(cls, old: Rows, new: Rows) -> Self:
        """Return in what rows of the same clicks differ; they stand in the same order."""
        changes = cls()
        for name in COMPARED:
            before, after = list(getattr(old, name)), list(getattr(new, name))
            if before != after:
                pairs = zip(before, after, strict=True)
                changes._count(name, Counter(pair for pair in pairs if pair[0] != pair[1]))
        return changes

    def __iadd__(self, other: "Changes") -> Self:
        """Add what another tally counted."""
        for name, theirs in other._columns.items():
            ours = self._columns.setdefault(name, _Column())
            ours.clicks += theirs.clicks
            ours.pairs.update(theirs.pairs)
            ours.is_exact &= theirs.is_exact
            ours.prune()
        return self

    def totals(self) -> dict[str, int]:
        """Return the clicks of each column that changed."""
        return {name: self._columns[name].clicks for name in COMPARED if name in self._columns}

    def top(self, most: int) -> Iterator[ColumnChanges]:
        """Yield of each column that changed the changes met most often, and the rest together."""
        for name in self.totals():
            column = self._columns[name]
            top = sorted(column.pairs.items(), key=lambda item: (-item[1], item[0]))[:most]
            others = column.clicks - sum(clicks for _, clicks in top)
            yield ColumnChanges(name, column.clicks, tuple(top), others, column.is_exact)

    def as_plain(self) -> dict[str, Any]:
        """Return the tally as JSON can hold it."""
        return {
            name: [column.clicks, column.is_exact, [[*pair, n] for pair, n in column.pairs.items()]]
            for name, column in self._columns.items()
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Return the tally that :meth:`as_plain` was asked for, or totals alone of versions before.

        Raises:
            ValueError, TypeError: it is neither.
        """
        changes = cls()
        for name, told in plain.items():
            clicks, is_exact, pairs = (told, False, []) if isinstance(told, int) else told
            counted = Counter({Change(old, new): count for old, new, count in pairs})
            changes._columns[name] = _Column(clicks, counted, is_exact)
        return changes

    def _count(self, name: str, found: Counter[tuple[Any, Any]]) -> None:
        text = _kind_of_address if name == "ip" else _text
        column = self._columns[name] = _Column(found.total())
        for (before, after), clicks in found.items():
            column.pairs[Change(text(before), text(after))] += clicks
        column.prune()


def _text(value: bytes | int) -> str:
    if isinstance(value, int):  # of Bool, as which the driver reads a number
        return "true" if value else "false"
    text = value.decode("utf-8", "replace") or EMPTY
    return text if len(text) <= _LETTERS else f"{text[:_LETTERS]}…"


def _kind_of_address(address: bytes) -> str:
    """Return how much of an address it is: the notes of a replay hold nobody's."""
    if address == UNKNOWN:
        return EMPTY
    return "network" if kept(address, "network") == address else "whole address"
