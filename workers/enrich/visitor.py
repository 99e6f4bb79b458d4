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

MS_PER_DAY = 86_400_000


class Visitors:
    """Makes visitor ids, and knows a salt until the UTC day is over at which it was asked for.

    Salts end at a midnight, and a process may live for months.

    Args:
        salt_of: returns the 32 secret bytes of a UTC day written YYYY-MM-DD, the same in every
            process; what it raises goes through.
    """

    def __init__(self, salt_of: Callable[[str], bytes]) -> None:
        self._salt_of = salt_of
        self._today = -1
        self._keyed: dict[int, hashlib.blake2b] = {}

    def visitor_ids(
        self,
        times_ms: Sequence[int],
        households: Iterable[bytes],
        user_agents: Iterable[bytes],
        now_ms: int,
    ) -> Sequence[int]:
        """Return 64 bits for each click: the same for the same visitor within a UTC day.

        Args:
            households: 16 bytes, as :func:`app.http.kept_address.household` returns them.
            now_ms: the Unix time in milliseconds.
        """
        self._forget_at_midnight(now_ms // MS_PER_DAY)
        days = [time_ms // MS_PER_DAY for time_ms in times_ms]
        fresh = {day: self._keyed_hash(day).copy for day in set(days)}
        digests = []
        for day, household, user_agent in zip(days, households, user_agents, strict=True):
            digest = fresh[day]()
            digest.update(household + user_agent)
            digests.append(digest.digest())
        return struct.unpack(f">{len(digests)}Q", b"".join(digests))

    def _forget_at_midnight(self, today: int) -> None:
        if today != self._today:
            self._keyed.clear()
            self._today = today

    def _keyed_hash(self, day: int) -> "hashlib.blake2b":
        if day not in self._keyed:
            self._keyed[day] = hashlib.blake2b(digest_size=8, key=self._salt_of(_date(day)))
        return self._keyed[day]


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
