"""What the clients of a run wrote down themselves: each click's number, when it was sent, and when
its redirect was answered.

One line a click: ``number sent_ms answered_ms``, times in Unix milliseconds, 0 for never answered.
"""

from pathlib import Path
from typing import NamedTuple, TextIO

#: Each click's number is the end of its referrer.
REFERRER = "https://chaos.example/"


class Sent(NamedTuple):
    """One click as its client saw it; ``answered_ms`` is 0 where no redirect came."""

    number: int
    sent_ms: int
    answered_ms: int

    @property
    def is_answered(self) -> bool:
        """Whether the visitor was redirected, so that the click has to be counted."""
        return self.answered_ms > 0


def write(log: TextIO, sent: Sent) -> None:
    """Append a click."""
    log.write(f"{sent.number} {sent.sent_ms} {sent.answered_ms}\n")


def read(path: Path) -> list[Sent]:
    """Return the clicks, in the order that they ended in."""
    with path.open() as log:
        return [Sent(*map(int, line.split())) for line in log]
