"""Source of new click ids for a hot path."""

import os
from collections.abc import Callable

_ID_RANDOM_BYTES = 10
_IDS_AT_ONCE = 512
#: What becomes of the random bytes that hold a UUID's version and variant (RFC 9562 §4.1, §4.2).
_VERSION_7 = bytes(0x70 | byte & 0x0F for byte in range(256))
_VARIANT_2 = bytes(0x80 | byte & 0x3F for byte in range(256))


class ClickIds:
    """Makes the ids of new clicks as :func:`app.clicks.click.new_click_id`, many at a time.

    They come as they stand in a stream entry, in 32 hexadecimal digits.

    Belongs to one process: a fork would go on with the same random bytes.
    """

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        """Make a source of ids; ``random`` returns that many unpredictable bytes."""
        self._random = random
        self._ends: list[bytes] = []
        self._ms = -1
        self._time = b""

    def make(self, now_ms: int) -> bytes:
        """Return the digits of a new UUIDv7 of a time in Unix milliseconds."""
        if now_ms != self._ms:
            self._ms = now_ms
            self._time = b"%012x" % now_ms
        if not self._ends:
            self._refill()
        return self._time + self._ends.pop()

    def _refill(self) -> None:
        pool = bytearray(self._random(_IDS_AT_ONCE * _ID_RANDOM_BYTES))
        pool[0::_ID_RANDOM_BYTES] = pool[0::_ID_RANDOM_BYTES].translate(_VERSION_7)
        pool[2::_ID_RANDOM_BYTES] = pool[2::_ID_RANDOM_BYTES].translate(_VARIANT_2)
        digits = pool.hex().encode()
        size = 2 * _ID_RANDOM_BYTES
        self._ends = [digits[at : at + size] for at in range(0, len(digits), size)]
