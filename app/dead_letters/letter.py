"""Record that keeps of an unprocessable entry what it takes to mend it and to send it again.

Rule 1: the entry's own bytes are kept as they are, under ``field:`` and their name, so that
        nothing of theirs is taken for something of ours.
Rule 2: encode and decode stand side by side.
Rule 3: a letter has a bound. Whatever can be a click fits in; of more, the front is kept, and how
        much there was. Such a letter is for reading, and can't be sent again.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from app.clicks.click import MAX_FIELD_BYTES, InvalidClick, from_fields
from app.version import __version__

FIELD_PREFIX = b"field:"
#: All fields as netstrings (https://cr.yp.to/proto/netstrings.txt), where they are too many.
PACKED_FIELD = b"fields"
#: Names and values; a Lua script can't hand on more than some 8,000 arguments.
MAX_FLAT_LENGTH = 2_000
_ID = re.compile(rb"[0-9]{1,20}-[0-9]{1,20}")
_NO_ID = b"0-0"
#: Of the largest number that is one.
_DIGITS = 20
#: Bytes of an entry that are kept; a click has 11 fields of 8,192 at most.
MAX_KEPT_BYTES = 100_000
#: Bytes of one name or value that are kept: more than any field of a click may hold.
MAX_TEXT_BYTES = MAX_FIELD_BYTES + 1
#: Characters of a fault's detail that are kept.
MAX_DETAIL = 2_000


class Fault(NamedTuple):
    """Why an entry can't be processed.

    Attributes:
        reason: a short, stable name for counting.
        detail: what was wrong, for a person.
        exception: the unexpected exception's class and place; '' for a verdict on the entry.
    """

    reason: str
    detail: str
    exception: str = ""


class DeadLetter(NamedTuple):
    """An entry that was given up, and why.

    Attributes:
        letter_id: where it stands among the dead letters; its milliseconds are when it came there.
        entry_id: where the entry stood in the click stream.
        flat: names and values of the entry in turn, as they were written; their front if cut.
        consumer: who gave it up.
        version: of Hopline then.
        first_ms: Unix milliseconds when the entry was added.
        last_ms: Unix milliseconds when it was last tried.
        deliveries: how many times it was handed to a consumer.
        cut_from: bytes of the entry's names and values, of which a part is kept; 0 for all.
    """

    letter_id: bytes
    fault: Fault
    entry_id: bytes
    flat: list[bytes]
    consumer: str
    version: str
    first_ms: int
    last_ms: int
    deliveries: int
    cut_from: int = 0

    @property
    def died_ms(self) -> int:
        """When it came there, in Unix milliseconds."""
        return int(self.letter_id.partition(b"-")[0])

    @property
    def fields(self) -> dict[bytes, bytes]:
        """The entry's fields by name; of a doubled name the last."""
        return dict(zip(self.flat[::2], self.flat[1::2], strict=True))

    def to_resend(self) -> list[bytes]:
        """Return the fields, names and values in turn, to add to the click stream again.

        A click without an id carries the one that was derived from where it stood: it may have
        been counted under that, and at its new place it would be given another.
        """
        fields = self.fields
        if b"click_id" in fields:
            return self.flat
        try:
            click = from_fields(self.entry_id, fields)
        except InvalidClick:
            # What is no click was never counted.
            return self.flat
        return [*self.flat, b"click_id", click.click_id.hex().encode()]


def to_letter(
    entry_id: bytes, flat: list[bytes], fault: Fault, consumer: str, now_ms: int
) -> list[bytes]:
    """Return a letter's fields, names and values in turn; ``now_ms`` is the Unix time.

    The number of deliveries is added by the script that moves the entry, which alone knows it.
    """
    kept, all_bytes = _front(flat)
    ours = {
        "reason": fault.reason,
        "detail": fault.detail[:MAX_DETAIL],
        "exception": fault.exception,
        "entry_id": entry_id.decode(),
        "consumer": consumer,
        "version": __version__,
        "first_ms": entry_id.decode().partition("-")[0],
        "last_ms": str(now_ms),
        **({"cut_from": str(all_bytes)} if kept != flat else {}),
    }
    described = [text.encode() for pair in ours.items() for text in pair]
    return described + _preserved(kept)


def from_letter(letter_id: bytes, letter: list[bytes]) -> DeadLetter:
    """Decode a letter; what is missing or no such thing, as somebody else wrote it, is empty."""
    pairs = list(zip(letter[::2], letter[1::2], strict=True))
    ours = {name.decode(errors="replace"): text for name, text in pairs}
    text = {name: value.decode(errors="replace") for name, value in ours.items()}
    entry_id = ours.get("entry_id", _NO_ID)
    return DeadLetter(
        letter_id=letter_id,
        fault=Fault(text.get("reason", ""), text.get("detail", ""), text.get("exception", "")),
        entry_id=entry_id if _ID.fullmatch(entry_id) else _NO_ID,
        flat=_restored(pairs),
        consumer=text.get("consumer", ""),
        version=text.get("version", ""),
        first_ms=_number(text.get("first_ms", "")),
        last_ms=_number(text.get("last_ms", "")),
        deliveries=_number(text.get("deliveries", "")),
        cut_from=_number(text.get("cut_from", "")),
    )


def _front(flat: list[bytes]) -> tuple[list[bytes], int]:
    """Return as much of an entry as is kept, and how many bytes all of it has."""
    all_bytes = sum(map(len, flat))
    if all_bytes <= MAX_TEXT_BYTES:
        return flat, all_bytes
    kept: list[bytes] = []
    room = MAX_KEPT_BYTES
    for name, value in zip(flat[::2], flat[1::2], strict=True):
        pair = (name[:MAX_TEXT_BYTES], value[:MAX_TEXT_BYTES])
        room -= len(pair[0]) + len(pair[1])
        if room < 0:
            break
        kept += pair
    return kept, all_bytes


def _preserved(flat: list[bytes]) -> list[bytes]:
    if len(flat) > MAX_FLAT_LENGTH:
        return [PACKED_FIELD, b"".join(b"%d:%b," % (len(text), text) for text in flat)]
    return [FIELD_PREFIX + text if index % 2 == 0 else text for index, text in enumerate(flat)]


def _restored(pairs: list[tuple[bytes, bytes]]) -> list[bytes]:
    flat: list[bytes] = []
    for name, value in pairs:
        if name.startswith(FIELD_PREFIX):
            flat += (name.removeprefix(FIELD_PREFIX), value)
        elif name == PACKED_FIELD:
            flat += _unpacked(value)
    return flat


def _unpacked(packed: bytes) -> Iterator[bytes]:
    """Yield names and values in turn, up to the first pair that is none."""
    texts = []
    while packed:
        digits, _, rest = packed.partition(b":")
        end = _number(digits.decode(errors="replace"))
        if rest[end : end + 1] != b"," or not digits:
            break
        texts.append(rest[:end])
        packed = rest[end + 1 :]
    yield from texts[: len(texts) // 2 * 2]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
