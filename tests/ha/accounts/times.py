"""Account of times: how long visitors waited, recording paused, and a change of a link took.

Each time comes with how much of it the machine took: when it had no processor for those who answer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.chaos.accounts.intervals import Intervals
from tests.chaos.accounts.waits import machine_ms
from tests.chaos.monitors.run_queue import Delay
from tests.chaos.visitors.client_log import Sent, Stall
from tests.ha.monitors.link_switches import Switch
from tests.ha.testbed.testbed import COUNTS

#: At first services know no link, and consumers start.
LEARNS_MS = 2_000
#: The second of a blow.
BLOW_MS = 1_000
_AROUND_MS = 50


class Took(NamedTuple):
    """A time in milliseconds, and how much of it is the machine's."""

    ms: float
    machine_ms: float = 0.0


class Machine:
    """When the machine had no time for those who answer.

    Args:
        stalls: when the visitors' own process didn't get its turn.
        delays: how long each role waited for a processor, in the order of time.
    """

    def __init__(self, stalls: Sequence[Stall], delays: Sequence[Delay]) -> None:
        self._starving = Intervals(stalls)
        self._delays = delays

    def visit(self, from_ms: int, ms: float, via: str) -> Took:
        """Return the time of a visitor who came by one way: all between wait for one another."""
        return Took(ms, machine_ms(via, self._starving, self._delays, *_around(from_ms, ms)))

    def took(self, from_ms: int, ms: float, *, counts: bool = False) -> Took:
        """Return the time of something in which many steps of many processes lie.

        Only the role that was kept waiting the longest counts: others went on meanwhile.

        Args:
            counts: whether those who count clicks have a part in it.
        """
        from_ms, to_ms = _around(from_ms, ms)
        waited: Counter[str] = Counter()
        for delay in self._delays:
            has_part = counts or not delay.role.startswith(COUNTS)
            if has_part and from_ms <= delay.to_ms and delay.from_ms <= to_ms:
                waited[delay.role] += delay.waited_ms
        return Took(ms, max(self._starving.covered_ms(from_ms, to_ms), *waited.values(), 0.0))

    @property
    def busy_share(self) -> float:
        """For which part of the time the busiest process on a visitor's way had to wait."""
        if not self._delays:
            return 0.0
        from_ms = self._delays[0].from_ms
        ms = max(1, self._delays[-1].to_ms - from_ms)
        return self.took(from_ms, ms).machine_ms / ms


def _around(from_ms: int, ms: float) -> tuple[int, int]:
    return from_ms - _AROUND_MS, from_ms + int(ms) + 1 + _AROUND_MS


def slowest(clicks: Iterable[Sent], machine: Machine) -> Took:
    """Return the longest that a visitor waited since the click was due.

    The machine's part is what must be taken off so that nobody waited longer for anything else.
    """
    longest_ms = ours_ms = 0.0
    for click in clicks:
        ms = click.waited_ms + click.late_ms
        longest_ms = max(longest_ms, ms)
        if ms > ours_ms:
            took = machine.visit(click.sent_ms - int(click.late_ms), ms, click.via)
            ours_ms = max(ours_ms, took.ms - took.machine_ms)
    return Took(longest_ms, longest_ms - ours_ms)


def parted(clicks: Sequence[Sent], blows: Iterable[int]) -> tuple[list[Sent], list[Sent]]:
    """Return the clicks of the seconds of blows, and those of all other times but the beginning."""
    struck = Intervals((at_ms, at_ms + BLOW_MS) for at_ms in blows)
    begins_ms = min((click.sent_ms for click in clicks), default=0) + LEARNS_MS
    within, outside = [], []
    for click in clicks:
        if not click.is_answered or click.sent_ms < begins_ms:
            continue
        until_ms = click.sent_ms + int(click.waited_ms)
        (within if struck.meet(click.sent_ms, until_ms) else outside).append(click)
    return within, outside


def longest_hearing(
    switches: Iterable[Switch], promoted_ms: Iterable[int], machine: Machine
) -> Took:
    """Return how long it took at most until every service had heard that a link is disabled.

    It counts from when that was confirmed, or from the promotion that came after it but before it
    was heard.
    """
    worst = Took(0.0)
    for switch in switches:
        heard = [at_ms for at_ms in switch.heard_ms if at_ms is not None]
        last_ms = max(heard, default=switch.confirmed_ms)
        moved = [at_ms for at_ms in promoted_ms if switch.confirmed_ms <= at_ms <= last_ms]
        from_ms = max([switch.confirmed_ms, *moved])
        worst = max(worst, machine.took(from_ms, last_ms - from_ms))
    return worst
