"""What is kept of an entry that can't be processed: enough to mend it, and to send it again.

Rule 1: the entry's own bytes are kept as they are, under ``field:`` and their name, so that
        nothing of theirs is taken for something of ours.
Rule 2: encode and decode stand side by side.
"""

from collections.abc import Iterator
from typing import NamedTuple

from app.click import InvalidClick, from_fields
from app.version import __version__

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
        flat: names and values of the entry in turn, as they were written.
        consumer: who gave it up.
        version: of Hopline then.
        first_ms: Unix milliseconds when the entry was added.
        last_ms: Unix milliseconds when it was last tried.
        deliveries: how many times it was handed to a consumer.
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
    ours = {
        "reason": fault.reason,
        "detail": fault.detail,
        "exception": fault.exception,
        "entry_id": entry_id.decode(),
        "consumer": consumer,
        "version": __version__,
        "first_ms": entry_id.decode().partition("-")[0],
        "last_ms": str(now_ms),
    }
    described = [text.encode() for pair in ours.items() for text in pair]
    return described + _preserved(flat)


def from_letter(letter_id: bytes, letter: list[bytes]) -> DeadLetter:
    """Decode a letter; what is missing, as in one that somebody else wrote, is empty."""
    pairs = list(zip(letter[::2], letter[1::2], strict=True))
    ours = {name.decode(errors="replace"): text for name, text in pairs}
    text = {name: value.decode(errors="replace") for name, value in ours.items()}
    return DeadLetter(
        letter_id=letter_id,
        fault=Fault(text.get("reason", ""), text.get("detail", ""), text.get("exception", "")),
        entry_id=ours.get("entry_id", b"0-0"),
        flat=_restored(pairs),
        consumer=text.get("consumer", ""),
        version=text.get("version", ""),
        first_ms=_number(text.get("first_ms", "")),
        last_ms=_number(text.get("last_ms", "")),
        deliveries=_number(text.get("deliveries", "")),
    )


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
    while packed:
        length, _, packed = packed.partition(b":")
        end = int(length)
        yield packed[:end]
        packed = packed[end + 1 :]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
