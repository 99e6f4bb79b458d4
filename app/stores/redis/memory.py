"""Watermarks that say from which share of Redis' ``maxmemory`` on something gives way.

Rule 1: finished entries give way first. The workers trim them, horizon or not, from
        :data:`TRIM_FROM` on and down to :data:`TRIM_TO`.
Rule 2: new clicks give way only when that was not enough: they go to the spool from
        :data:`DIVERT_FROM` on, and to Redis again below :data:`DIVERT_TO`, which trimming reaches.
        The two are close, so that much that can't be trimmed, such as links, keeps no clicks out.
Rule 3: what is left above belongs to those who may not be refused: links are changed, limited
        links spend their uses, workers write down what they have done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRIM_FROM = 0.65
TRIM_TO = 0.60
DIVERT_FROM = 0.80
DIVERT_TO = 0.75

#: What an entry takes of Redis' memory in bytes, measured on Valkey 9 and Redis 7.0: that of a
#: browser's click, and of one with the largest headers that are kept, whose target takes its own
#: length on top (:data:`app.redirect.visits.visit.FIELD_BYTES`).
ENTRY_BYTES = 353
LARGEST_ENTRY_BYTES = 3_400


@dataclass(frozen=True, slots=True)
class Memory:
    """What Redis has in use, and may.

    Attributes:
        used_bytes: what counts against the bound; the buffers of replicas and of the AOF don't.
        limit_bytes: ``maxmemory``; 0 where there is none, and nothing ever is too full.
    """

    used_bytes: int
    limit_bytes: int

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> "Memory":
        """Return what ``INFO memory`` says (https://redis.io/docs/latest/commands/info/)."""
        used = int(info["used_memory"]) - int(info.get("mem_not_counted_for_evict", 0))
        return cls(used, int(info["maxmemory"]))

    def reaches(self, share: float) -> bool:
        """Tell whether so large a share of the bound is in use."""
        return bool(self.limit_bytes) and self.used_bytes >= share * self.limit_bytes
