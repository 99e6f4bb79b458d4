"""Views that show a dead letter: as a line, as a table of its own, as JSON."""

from collections.abc import Iterator

from app.dead_letters.letter import DeadLetter
from app.terminal.output import one_line
from app.times import rfc3339

#: Characters of a detail in a list; `hopline dead show` has all of it.
_DETAIL = 100
#: Beyond it, the milliseconds of a letter that somebody else wrote are no time.
_LAST_MS = 253_402_300_799_999


def as_row(letter: DeadLetter) -> tuple[str, ...]:
    """Return the letter's cells in a list: id, died, reason, deliveries, code, detail."""
    return (
        letter.letter_id.decode(),
        _time(letter.died_ms),
        one_line(letter.fault.reason),
        str(letter.deliveries),
        one_line(_text(letter.fields.get(b"short_code", b""))[:32]),
        one_line(letter.fault.detail)[:_DETAIL],
    )


def as_pairs(letter: DeadLetter) -> Iterator[tuple[str, str]]:
    """Yield everything that is known of a letter, and then its fields, as names and values."""
    plain = as_json(letter)
    for name, value in plain.items():
        if name != "fields":
            yield name, one_line(str(value))
    for field, text in zip(letter.flat[::2], letter.flat[1::2], strict=True):
        yield f"field:{one_line(_text(field))}", one_line(_text(text))


def as_json(letter: DeadLetter) -> dict[str, object]:
    r"""Return a letter as a JSON object of stable form; bytes that are no text look like \xff."""
    return {
        "id": letter.letter_id.decode(),
        "died": _time(letter.died_ms),
        "reason": letter.fault.reason,
        "detail": letter.fault.detail,
        "exception": letter.fault.exception,
        "deliveries": letter.deliveries,
        "first": _time(letter.first_ms),
        "last": _time(letter.last_ms),
        "entry_id": letter.entry_id.decode(errors="replace"),
        "consumer": letter.consumer,
        "version": letter.version,
        "cut_from_bytes": letter.cut_from or None,
        "fields": [
            {"name": _text(name), "value": _text(value)}
            for name, value in zip(letter.flat[::2], letter.flat[1::2], strict=True)
        ],
    }


def _text(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")


def _time(unix_ms: int) -> str:
    return rfc3339(min(unix_ms, _LAST_MS))
