"""The account of waiting: who waited too long for a known link, and whose fault it was."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.chaos.client_log import Sent, Stall
from tests.chaos.codes import is_limited
from tests.chaos.spans import Spans

#: A visitor never waits longer for a link that its worker knows.
PROMISED_MS = 50.0
#: A worker that was killed or stopped is replaced by one that has to start first.
STARTS_MS = 2_500
#: At first the workers know no link.
_LEARNS_MS = 2_000
_AROUND_MS = 50
#: A click passes from the client through a proxy and a worker to Redis: each has to get its turn on
#: a busy machine, and the look at it measures only one of them.
_TURNS = 3


class Wait(NamedTuple):
    """One visitor who waited, for that many milliseconds."""

    number: int
    sent_ms: int
    waited_ms: float


class Waits(NamedTuple):
    """Those who waited longer than promised.

    Attributes:
        hit: a fault hit the process that should have answered them, or the whole machine.
        starved: the machine had no time for the clients themselves, and for just as long.
        unexplained: everybody else.
        slowest_ms: the longest wait that no fault and no starved machine explains, if it was
            shorter than promised, too.
    """

    hit: int
    starved: int
    unexplained: list[Wait]
    slowest_ms: float


def judge_waits(clicks: Iterable[Sent], stalls: Sequence[Stall], hits: Spans) -> Waits:
    """Return who waited.

    Args:
        stalls: when the clients' own process didn't get its turn.
        hits: when faults hit those who answer.
    """
    clicks = list(clicks)
    begins_ms = min((click.sent_ms for click in clicks), default=0) + _LEARNS_MS
    starving = Spans(stalls)
    hit = starved = 0
    unexplained = []
    slowest_ms = 0.0
    for click in clicks:
        if not click.is_answered or is_limited(click.code) or click.sent_ms < begins_ms:
            continue
        is_long = click.waited_ms > PROMISED_MS
        until_ms = click.sent_ms + int(click.waited_ms) + 1
        if hits.meet(click.sent_ms, until_ms):
            hit += is_long
            continue
        away_ms = starving.covered_ms(click.sent_ms - _AROUND_MS, until_ms + _AROUND_MS)
        ours_ms = click.waited_ms - _TURNS * away_ms
        slowest_ms = max(slowest_ms, ours_ms)
        if is_long and ours_ms <= PROMISED_MS:
            starved += 1
        elif is_long:
            unexplained.append(Wait(click.number, click.sent_ms, click.waited_ms))
    return Waits(hit, starved, unexplained, slowest_ms)
