"""Rule that tries entries in ever smaller batches when they may have killed their consumer.

An entry that is delivered again was at hand when a consumer died. Those are tried in ever smaller
batches, a quarter for each further death, so that a few deaths find the one that kills while the
others get through. Half for each death would take twice as many, and as many waits for a respawn.
"""

from app.clicks.entry import Entry

#: How many suspects are tried together after the first, second, … death.
SUSPECTS_AT_ONCE = (256, 64, 16, 4, 1)
#: Deliveries from which on an entry is tried alone.
_ALONE_SINCE = 1 + len(SUSPECTS_AT_ONCE)


def is_poison(entry: Entry, max_deliveries: int) -> bool:
    """Tell whether an entry was tried alone before, and was delivered too often."""
    return entry.deliveries > max(_ALONE_SINCE, max_deliveries)
