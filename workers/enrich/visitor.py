"""Hash that tells visitors apart without knowing them.

A visitor's id is a keyed hash over address and user agent. The key is a salt that is random, new
each UTC day, and deleted by the midnight two days after it (docs/privacy.md), so that from then on
no id can be traced back, and nobody can be followed from one day to the next (the scheme of
https://plausible.io/data-policy).
"""

import hashlib
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

MS_PER_DAY = 86_400_000
#: Days whose salts are at hand: today, and yesterday's late clicks, several times over.
_DAYS = 8


class Visitors:
    """Makes visitor ids.

    Args:
        salt_of: returns the 32 secret bytes of a UTC day written YYYY-MM-DD, the same in every
            process; what it raises goes through.
    """

    def __init__(self, salt_of: Callable[[str], bytes]) -> None:
        self._salt_of = salt_of
        self._keyed = lru_cache(_DAYS)(self._make_keyed)

    def visitor_ids(
        self,
        times_ms: Sequence[int],
        households: Iterable[bytes],
        user_agents: Iterable[bytes],
    ) -> Sequence[int]:
        """Return 64 bits for each click: the same for the same visitor within a UTC day.

        Args:
            households: 16 bytes, as :func:`workers.enrich.address.household` returns them.
        """
        days = [time_ms // MS_PER_DAY for time_ms in times_ms]
        fresh = {day: self._keyed(day).copy for day in set(days)}
        digests = []
        for day, household, user_agent in zip(days, households, user_agents, strict=True):
            digest = fresh[day]()
            digest.update(household + user_agent)
            digests.append(digest.digest())
        return struct.unpack(f">{len(digests)}Q", b"".join(digests))

    def _make_keyed(self, day: int) -> "hashlib.blake2b":
        return hashlib.blake2b(digest_size=8, key=self._salt_of(_date(day)))


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
