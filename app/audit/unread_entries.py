"""Arithmetic that tells how many entries of a stream nobody has read, without looking at them.

Redis' own number (`lag` of XINFO GROUPS, https://redis.io/docs/latest/commands/xinfo-groups/) is
not to be trusted: it goes down by one for each entry that is handed out, so entries that were
deleted or trimmed unread would stay unread for ever, and none would be missing.

So it is only taken where an exact count has borne it out, and nothing unread can have gone since:
what XDEL took is no younger than what had been read by then, and some of that is still there,
though XTRIM and MAXLEN take the oldest first. Or nothing at all has gone since.
"""

from typing import NamedTuple

EntryId = tuple[int, int]


class Stand(NamedTuple):
    """Where a stream and its group stand at one moment.

    Attributes:
        added: all entries ever added.
        length: entries in the stream.
        handed_out: entries that the group has read, None where Redis doesn't know.
        last_read: the last of them.
        oldest: the oldest entry in the stream, None where there is none.
        deleted: the youngest that XDEL ever took.
        borne_out: the last read when Redis' number was last borne out, None if it never was.
        gone_then: entries that were no longer in the stream at that time.
    """

    added: int
    length: int
    handed_out: int | None
    last_read: EntryId
    oldest: EntryId | None
    deleted: EntryId
    borne_out: EntryId | None
    gone_then: int

    @property
    def lag(self) -> int | None:
        """Entries that Redis takes for unread."""
        return None if self.handed_out is None else self.added - self.handed_out

    @property
    def gone(self) -> int:
        """Entries that were added and are no longer in the stream."""
        return self.added - self.length

    @property
    def is_untouched(self) -> bool:
        """Whether nothing that was read is left, if anything was."""
        return self.oldest is None or self.oldest > self.last_read


def unread(stand: Stand) -> int | None:
    """Return how many entries are unread; None where they have to be counted."""
    if stand.is_untouched:
        return stand.length
    since = stand.borne_out
    if since is None or since > stand.last_read:
        return None
    is_whole = stand.oldest is not None and stand.oldest <= since and stand.deleted <= since
    return stand.lag if is_whole or stand.gone == stand.gone_then else None


def bears_out(unread: int, stand: Stand) -> bool:
    """Tell whether Redis' own number is that of the unread, or will be from the next read on."""
    return unread == stand.lag or (stand.lag is None and stand.is_untouched)


def parse_id(text: bytes) -> EntryId:
    """Return an entry id as numbers, which compare as Redis compares ids."""
    ms, _, sequence = text.partition(b"-")
    return int(ms), int(sequence)
