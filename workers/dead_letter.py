"""What is kept of an entry that can't be processed: enough to mend it, and to send it again.

Rule: the entry's own bytes are kept as they are, under ``field:`` and their name, so that nothing
of theirs is taken for something of ours.
"""

from typing import NamedTuple

from app.version import __version__
from workers.entry import Entry

FIELD_PREFIX = b"field:"
#: All fields as netstrings (https://cr.yp.to/proto/netstrings.txt), where they are too many.
PACKED_FIELD = b"fields"
#: Names and values; a Lua script can't hand on more than some 8,000 arguments.
MAX_FLAT_LENGTH = 2_000


class Fault(NamedTuple):
    """Why an entry can't be processed.

    Attributes:
        reason: a short, stable name for counting.
        detail: what was wrong, for a person.
    """

    reason: str
    detail: str


def letter_fields(entry: Entry, fault: Fault, consumer: str, now_ms: int) -> list[bytes]:
    """Return the letter's fields, names and values in turn; ``now_ms`` is the Unix time.

    The number of deliveries is added by the script that moves the entry, which alone knows it.
    """
    ours = {
        "reason": fault.reason,
        "detail": fault.detail,
        "entry_id": entry.entry_id.decode(),
        "consumer": consumer,
        "version": __version__,
        "first_ms": str(entry.added_ms),
        "last_ms": str(now_ms),
    }
    described = [text.encode() for pair in ours.items() for text in pair]
    return described + _preserved(entry.flat)


def _preserved(flat: list[bytes]) -> list[bytes]:
    if len(flat) > MAX_FLAT_LENGTH:
        return [PACKED_FIELD, b"".join(b"%d:%b," % (len(text), text) for text in flat)]
    return [FIELD_PREFIX + text if index % 2 == 0 else text for index, text in enumerate(flat)]
