"""Processor that decodes and enriches entries, and tells those that never become rows."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from app.clicks.click import Clicks, InvalidClick, decode
from app.clicks.entry import Entry
from app.clicks.rows import Rows
from app.dead_letters.letter import Fault
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.redis.errors import RedisError
from workers.stream.poison import is_poison

Decode = Callable[[Sequence[bytes], Sequence[Sequence[bytes]]], Clicks]
#: Is handed the Unix time in milliseconds, too.
Enrich = Callable[[Clicks, int], Rows]

#: Say nothing about the entry: the same one may do well later.
_OF_THE_SURROUNDINGS = (RedisError, ClickHouseError, MemoryError, OSError)


@dataclass(slots=True)
class Processed:
    """What became of entries.

    Attributes:
        good: ids of entries and the rows of their clicks, in pieces.
        dead: entries that never become rows, and why.
    """

    good: list[tuple[Sequence[bytes], Rows]] = field(default_factory=list)
    dead: list[tuple[Entry, Fault]] = field(default_factory=list)


class Processor:
    """Tells entries that become rows from those that never will.

    Args:
        enrich: as :meth:`workers.enrich.enricher.Enricher.enrich`.
        max_deliveries: from how many on an entry may be given up that killed its consumers.
        decode: as :func:`app.clicks.click.decode`.
    """

    def __init__(self, enrich: Enrich, max_deliveries: int, decode: Decode = decode) -> None:
        self._enrich = enrich
        self._max_deliveries = max_deliveries
        self._decode = decode

    def process(self, entries: Sequence[Entry], now_ms: int) -> Processed:
        """Return rows and faults; ``now_ms`` is the Unix time.

        Raises:
            RedisUnavailable, RedisRefused: the salt of visitor ids can't be had.
        """
        processed = Processed()
        poison = [
            entry
            for entry in entries
            if entry.deliveries > 1 and is_poison(entry, self._max_deliveries)
        ]
        for entry in poison:
            text = f"{entry.deliveries - 1} consumers died with it, the last ones alone"
            processed.dead.append((entry, Fault("killed_consumer", text)))
        if poison:
            entries = [entry for entry in entries if entry not in poison]
        self._process(entries, now_ms, processed)
        return processed

    def _process(self, entries: Sequence[Entry], now_ms: int, processed: Processed) -> None:
        """Take entries together while all are good, and halve them until the bad are alone."""
        if not entries:
            return
        try:
            clicks = self._decode([entry[0] for entry in entries], [entry[1] for entry in entries])
            processed.good.append((clicks.entry_ids, self._enrich(clicks, now_ms)))
        except _OF_THE_SURROUNDINGS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the next clicks must go on
            if len(entries) == 1:
                processed.dead.append((entries[0], _fault(error)))
                return
            middle = len(entries) // 2
            self._process(entries[:middle], now_ms, processed)
            self._process(entries[middle:], now_ms, processed)


def _fault(error: Exception) -> Fault:
    if isinstance(error, InvalidClick):
        return Fault(error.reason, error.detail)
    return poison_fault(error)


def poison_fault(error: Exception) -> Fault:
    """Return the fault of an entry that nobody expected to fail."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" at {PurePath(one.filename).name}:{one.lineno}" for one in last)
    name = type(error).__name__
    return Fault("poison", f"{name}: {error}", f"{name}{where}")
