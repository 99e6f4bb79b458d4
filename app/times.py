"""Times as people and programs write them: ISO 8601, or an amount before or after now."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXPECTED = (
    "expected a date (2026-05-01), a time (2026-05-01T12:00, UTC unless it says otherwise)"
    " or an amount of time (30m, 24h, 7d, 2w)"
)

_AMOUNT = re.compile(r"(\d{1,9})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FIRST_YEAR = 1970
_LAST_YEAR = 2099
_END_OF_TIMES = datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()
#: Nine digits and more: fewer are no time that a link was made or ends at, but a year or a typo.
_UNIX_SECONDS = re.compile(r"[0-9]{9,15}(?:\.[0-9]{1,6})?", re.ASCII)


def parse_time(
    text: str,
    now: datetime,
    *,
    amounts: Literal["ago", "ahead"] = "ago",
    zone: tzinfo = UTC,
) -> datetime:
    """Return the UTC time that a person wrote.

    Args:
        text: an ISO 8601 date or time, or an amount such as ``7d``.
        now: the time that an amount counts from, with its zone.
        amounts: whether ``7d`` lies seven days in the past or in the future.
        zone: of a date or time that names none.

    Raises:
        ValueError: the text is no time from 1970 to 2099; says what was expected.
    """
    try:
        time = _read(text.strip(), now, -1 if amounts == "ago" else 1, zone).astimezone(UTC)
    except ValueError:
        raise ValueError(f"{text!r} is no time: {EXPECTED}") from None
    except OverflowError:
        time = None
    if time is None or not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise ValueError(f"{text!r} is not between {_FIRST_YEAR} and {_LAST_YEAR}")
    return time


def parse_moment(
    value: object, now: datetime, *, amounts: Literal["ago", "ahead"] = "ago"
) -> datetime:
    """Return the UTC time that a person or a program wrote: as :func:`parse_time`, or Unix seconds.

    Raises:
        ValueError: it is no time from 1970 to 2099; says what was expected.
    """
    text = str(value).strip()
    seconds = _UNIX_SECONDS.fullmatch(text)
    if seconds is None or isinstance(value, bool):
        return parse_time(text, now, amounts=amounts)
    if float(text) >= _END_OF_TIMES:
        raise ValueError(f"{text!r} is no Unix time in seconds from 1970 to {_LAST_YEAR}")
    return datetime.fromtimestamp(float(text), UTC)


def unix_ms(time: datetime) -> int:
    """Return a time in Unix milliseconds."""
    return round(time.timestamp() * 1000)


def rfc3339(unix_ms: int) -> str:
    """Return a time in Unix milliseconds as programs read it (RFC 3339)."""
    time = EPOCH + timedelta(milliseconds=unix_ms)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(text: str, now: datetime, sign: int, zone: tzinfo) -> datetime:
    amount = _AMOUNT.fullmatch(text)
    if amount:
        return now + sign * timedelta(**{_UNITS[amount[2]]: int(amount[1])})
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=zone)
