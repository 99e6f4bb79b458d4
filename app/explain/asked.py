"""Reader that understands a click's id in each form in which the project shows it."""

import re
from typing import NamedTuple

_DIGITS = r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_CLICK_ID = re.compile(_DIGITS)
#: Where an export goes on: time, click id and link.
_CURSOR = re.compile(rf"[0-9]{{1,15}}-({_DIGITS})-.+", re.DOTALL)
#: Of an entry, or of a dead letter, which says its shard behind an @.
_ENTRY_ID = re.compile(r"[0-9]{1,20}-[0-9]{1,20}(?:@\S{1,64})?")


class Asked(NamedTuple):
    """The click that somebody asks about: one of the two is empty.

    Attributes:
        click_id: 16 bytes.
        entry_id: of its entry in the stream, or of its dead letter.
    """

    click_id: bytes = b""
    entry_id: str = ""


def read_asked(text: str) -> Asked:
    """Return which click is meant.

    Raises:
        ValueError: it is no form of an id; says what was expected.
    """
    text = text.strip()
    if cursor := _CURSOR.fullmatch(text):
        text = cursor[1]
    if _CLICK_ID.fullmatch(text):
        return Asked(click_id=bytes.fromhex(text.replace("-", "")))
    if _ENTRY_ID.fullmatch(text):
        return Asked(entry_id=text)
    raise ValueError(
        f"{text[:80]!r} is no click's id: expected 32 hexadecimal digits, as exports and `hopline"
        " audit` show, or an id of the stream or of a dead letter, 1790000000000-0"
    )


def time_of(click_id: bytes) -> int | None:
    """Return the Unix milliseconds in a click's id, None where it is no UUIDv7."""
    return int.from_bytes(click_id[:6], "big") if click_id[6] >> 4 == 7 else None
