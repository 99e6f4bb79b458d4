"""Account of waiting: who waited too long for a known link, and whose fault it was."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.chaos.accounts.intervals import Intervals
from tests.chaos.monitors.run_queue import Delay
from tests.chaos.visitors.client_log import Sent, Stall
from tests.chaos.visitors.codes import is_limited

#: A visitor never waits longer for a link that its worker knows.
PROMISED_MS = 50.0
#: A worker that was killed or stopped is replaced by one that has to start first.
STARTS_MS = 2_500
#: At first the workers know no link.
_LEARNS_MS = 2_000
_AROUND_MS = 50
#: Who has to get a turn on the processors before a visitor has an answer, beside the proxy.
_ON_THE_WAY = frozenset({"visitors", "redirect", "redis"})


class Wait(NamedTuple):
    """One visitor who waited, for that many milliseconds."""

    number: int
    sent_ms: int
    waited_ms: float


class Waits(NamedTuple):
    """Those who waited longer than promised.

    Attributes:
        hit: a fault hit the process that should have answered them, or the whole machine.
        starved: for just as long the machine had no time for the clients, or for who answers.
        unexplained: everybody else.
        slowest_ms: the longest wait that no fault and no starved machine explains, if it was
            shorter than promised, too.
    """

    hit: int
    starved: int
    unexplained: list[Wait]
    slowest_ms: float


def judge_waits(
    clicks: Iterable[Sent], stalls: Sequence[Stall], delays: Sequence[Delay], hits: Intervals
) -> Waits:
    """Return who waited.

    Args:
        stalls: when the clients' own process, or an idle server beside it, didn't get its turn.
        delays: how long those who answer waited for a processor, in the order of time.
        hits: when faults hit those who answer.
    """
    clicks = list(clicks)
    begins_ms = min((click.sent_ms for click in clicks), default=0) + _LEARNS_MS
    starving = Intervals(stalls)
    hit = starved = 0
    unexplained = []
    slowest_ms = 0.0
    for click in clicks:
        if not click.is_answered or is_limited(click.code) or click.sent_ms < begins_ms:
            continue
        is_long = click.waited_ms > PROMISED_MS
        if not is_long and click.waited_ms <= slowest_ms:
            continue
        until_ms = click.sent_ms + int(click.waited_ms) + 1
        if hits.meet(click.sent_ms, until_ms):
            hit += is_long
            continue
        around = click.sent_ms - _AROUND_MS, until_ms + _AROUND_MS
        ours_ms = click.waited_ms - machine_ms(click.via, starving, delays, *around)
        slowest_ms = max(slowest_ms, ours_ms)
        if is_long and ours_ms <= PROMISED_MS:
            starved += 1
        elif is_long:
            unexplained.append(Wait(click.number, click.sent_ms, click.waited_ms))
    return Waits(hit, starved, unexplained, slowest_ms)


def machine_ms(
    via: str, starving: Intervals, delays: Sequence[Delay], from_ms: int, to_ms: int
) -> float:
    """Return for how long the machine had no time for the clients, or for who answers.

    Args:
        via: which way the clients came.
        starving: when the clients' own process, or an idle server beside it, didn't get its turn.
    """
    first = bisect_left(delays, from_ms, key=lambda delay: delay.to_ms)
    last = bisect_right(delays, to_ms, key=lambda delay: delay.from_ms)
    who = {via, *_ON_THE_WAY}
    delayed_ms = sum(delay.waited_ms for delay in delays[first:last] if delay.role in who)
    return max(starving.covered_ms(from_ms, to_ms), delayed_ms)
