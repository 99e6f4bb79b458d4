"""Reference that names a click by its time and id, wherever it was seen."""

from typing import NamedTuple

_MINUTE_MS = 60_000


class ClickRef(NamedTuple):
    """What names a click, wherever it was seen.

    Attributes:
        time_ms: the click's own time in Unix milliseconds, wherever it was seen.
        click_id: 16 bytes.
    """

    time_ms: int
    click_id: bytes

    @property
    def minute(self) -> int:
        """The minute of the click's time, counted from 1970."""
        return self.time_ms // _MINUTE_MS
