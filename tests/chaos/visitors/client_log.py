"""Log of the clients of a run: each click's number, when it was sent and when its redirect was
answered, by which way they came, and where they were sent.

One line a click: ``number sent_ms answered_ms waited_ms via code version late_ms status``; times in
Unix milliseconds, 0 for no redirect. Lines that begin with ``~`` are the clients' own stalls:
``~ from_ms to_ms``.
"""

import time
from pathlib import Path
from typing import NamedTuple, TextIO

#: Each click's number follows in its referrer.
REFERRER = "https://chaos.example/"
#: That number of a row in ClickHouse.
NUMBER = rf"toUInt64OrZero(extract(referrer, '^{REFERRER}(\\d+)'))"
_STALL = "~"


class Sent(NamedTuple):
    """One click as its client saw it.

    Attributes:
        answered_ms: 0 where no redirect came.
        waited_ms: for the answer, by the monotonic clock.
        via: ``direct`` or the proxy's name.
        version: of the target that the visitor was sent to.
        late_ms: after it was due that it was sent, by the monotonic clock.
        status: of the answer; 0 where none came.
    """

    number: int
    sent_ms: int
    answered_ms: int
    waited_ms: float = 0.0
    via: str = "direct"
    code: str = ""
    version: int = 0
    late_ms: float = 0.0
    status: int = 0

    @property
    def is_answered(self) -> bool:
        """Whether the visitor was redirected, so that the click has to be counted."""
        return self.answered_ms > 0


class Stall(NamedTuple):
    """A span in which the clients' process, or a server with nothing else to do, was late."""

    from_ms: int
    to_ms: int


def write(log: TextIO, sent: Sent) -> None:
    """Append a click."""
    log.write(
        f"{sent.number} {sent.sent_ms} {sent.answered_ms} {sent.waited_ms:.1f}"
        f" {sent.via} {sent.code or '-'} {sent.version} {sent.late_ms:.1f} {sent.status}\n"
    )


def write_stall(log: TextIO, stall: Stall) -> None:
    """Append a moment at which the clients themselves were late."""
    log.write(f"{_STALL} {stall.from_ms} {stall.to_ms}\n")


def read(path: Path) -> tuple[list[Sent], list[Stall]]:
    """Return the clicks, in the order that they ended in, and the clients' own stalls."""
    clicks, stalls = [], []
    with path.open() as log:
        for line in log:
            first, *rest = line.split()
            if first == _STALL:
                stalls.append(Stall(*map(int, rest)))
            else:
                clicks.append(_click(int(first), *rest))
    return clicks, stalls


def _click(number: int, *rest: str) -> Sent:
    sent_ms, answered_ms, waited_ms, via, code, version, late_ms, status = rest
    return Sent(
        number,
        int(sent_ms),
        int(answered_ms),
        float(waited_ms),
        via,
        "" if code == "-" else code,
        int(version),
        float(late_ms),
        int(status),
    )


def now_ms() -> int:
    """Return the Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
