"""Dead letters as programs read them, at a terminal and by HTTP."""

from app.dead_letters.letter import DeadLetter
from app.times import rfc3339

#: Beyond it, the milliseconds of a letter that somebody else wrote are no time.
_LAST_MS = 253_402_300_799_999


def describe(letter: DeadLetter) -> dict[str, object]:
    r"""Return a letter as a JSON object of stable form; bytes that are no text look like \xff."""
    return {
        "id": letter.letter_id.decode(),
        "died": letter_time(letter.died_ms),
        "reason": letter.fault.reason,
        "detail": letter.fault.detail,
        "exception": letter.fault.exception,
        "deliveries": letter.deliveries,
        "first": letter_time(letter.first_ms),
        "last": letter_time(letter.last_ms),
        "entry_id": letter.entry_id.decode(errors="replace"),
        "consumer": letter.consumer,
        "version": letter.version,
        "cut_from_bytes": letter.cut_from or None,
        "fields": [
            {"name": as_text(name), "value": as_text(value)}
            for name, value in zip(letter.flat[::2], letter.flat[1::2], strict=True)
        ],
    }


def as_text(raw: bytes) -> str:
    r"""Return bytes as text; what is none looks like ``\xff``."""
    return raw.decode(errors="backslashreplace")


def letter_time(unix_ms: int) -> str:
    """Return a time of a letter; one that is none is the last there is."""
    return rfc3339(min(unix_ms, _LAST_MS))
