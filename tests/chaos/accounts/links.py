"""Account of links: who was sent where though the link had long changed, and how often a
limited link was followed.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence

from tests.chaos.accounts.intervals import Intervals
from tests.chaos.monitors.link_changes import Change, Truth
from tests.chaos.visitors.client_log import Sent
from tests.chaos.visitors.codes import CLICK_LIMIT, is_limited

#: A change has to be heard in this time, also when another server has become the master before.
STALE_MS = 6_000
#: Fewer looks at the truth in that time prove nothing.
_LEAST_LOOKS = 8
_TAIL_MS = 2_500


def stale(clicks: Iterable[Sent], truths: Sequence[Truth], unheard: Intervals) -> list[int]:
    """Return the clicks that were sent where their link hadn't led for a while.

    Args:
        unheard: when redirect workers had no way to hear of changes.
    """
    return [
        click.number
        for click in clicks
        if click.is_answered
        and _is_stale(click, truths)
        and not unheard.meet(click.sent_ms - STALE_MS, click.sent_ms)
    ]


def _is_stale(click: Sent, truths: Sequence[Truth]) -> bool:
    first = bisect_left(truths, click.sent_ms - STALE_MS, key=lambda truth: truth.at_ms)
    last = bisect_right(truths, click.answered_ms, key=lambda truth: truth.at_ms)
    # With the one after it: a change is there a moment before it is read back.
    looks = truths[first : last + 1]
    return len(looks) >= _LEAST_LOOKS and all(
        look.versions is not None
        and click.code in look.versions
        and look.versions[click.code] != click.version
        for look in looks
    )


def overused(clicks: Iterable[Sent], forgotten: Intervals) -> dict[str, int]:
    """Return the limited links that more visitors were redirected by than allowed, and how many.

    Args:
        forgotten: when uses went with Redis' tail and the redirect workers that knew of them; those
            from shortly before are not counted.
    """
    followed = Counter(
        click.code
        for click in clicks
        if click.is_answered
        and is_limited(click.code)
        and not forgotten.meet(click.answered_ms, click.answered_ms + _TAIL_MS)
    )
    return {code: count for code, count in sorted(followed.items()) if count > CLICK_LIMIT}


def undone(
    changes: Sequence[Change], truths: Sequence[Truth], lost_tails: Intervals
) -> list[Change]:
    """Return confirmed changes that were not there any more before the next one of that link.

    Args:
        lost_tails: when Redis lost what it had confirmed shortly before.
    """
    following: dict[str, int] = {}
    gone = []
    for change in reversed(changes):
        until_ms = following.get(change.code, truths[-1].at_ms if truths else 0)
        following[change.code] = change.at_ms
        if not change.is_confirmed:
            continue
        first = bisect_right(truths, change.at_ms, key=lambda truth: truth.at_ms)
        last = bisect_left(truths, until_ms, key=lambda truth: truth.at_ms)
        looks = [look.versions for look in truths[first:last] if look.versions is not None]
        if looks and looks[-1][change.code] != change.version:
            gone.append(change)
    return [one for one in reversed(gone) if not lost_tails.meet(one.at_ms, one.at_ms + _TAIL_MS)]
