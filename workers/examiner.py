import traceback
from pathlib import PurePath

from app.click import InvalidClick, from_fields
from app.clickhouse import ClickHouseError
from app.dead_letter import Fault
from app.redis import RedisError
from workers.enrich.enricher import Enricher
from workers.entry import Entry
from workers.row import Row
from workers.suspicion import is_killer

#: Say nothing about the entry: the same one may do well later.
_OF_THE_SURROUNDINGS = (RedisError, ClickHouseError, MemoryError, OSError)


class Examiner:
    """Tells entries that become rows from those that never will.

    Args:
        max_deliveries: from how many on an entry may be given up that killed its consumers.
    """

    def __init__(self, enricher: Enricher, max_deliveries: int) -> None:
        self._enricher = enricher
        self._max_deliveries = max_deliveries

    def examine(self, entry: Entry, now_ms: int) -> Row | Fault:
        """Return the entry's row, or why there will be none; ``now_ms`` is the Unix time.

        Raises:
            RedisUnavailable, RedisRefused: the salt of visitor ids can't be had.
        """
        if is_killer(entry, self._max_deliveries):
            deaths = entry.deliveries - 1
            return Fault("killed_consumer", f"{deaths} consumers died with it, the last ones alone")
        try:
            return self._enricher.enrich(from_fields(entry.entry_id, entry.fields), now_ms)
        except InvalidClick as invalid:
            return Fault(invalid.reason, invalid.detail)
        except _OF_THE_SURROUNDINGS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the next clicks must go on
            return poison(error)


def poison(error: Exception) -> Fault:
    """Return the fault of an entry that nobody expected to fail."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" at {PurePath(one.filename).name}:{one.lineno}" for one in last)
    name = type(error).__name__
    return Fault("poison", f"{name}: {error}", f"{name}{place}")
