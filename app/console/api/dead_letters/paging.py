"""Pages of the dead letters: what a URL asks for, and cursors that lead to the next page."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

import orjson

from app.console.api.dead_letters.models import DEFAULT_LIMIT, FILTERS, MAX_LIMIT
from app.console.api.problem import InvalidParameters
from app.dead_letters.store import Choice
from app.times import parse_time

_NAMES = (*FILTERS, "limit", "cursor")
_DIGEST_BYTES = 6
_LIMIT = re.compile(r"[0-9]{1,4}", re.ASCII)


class Asked(NamedTuple):
    """What a page shall have.

    Attributes:
        after: id of the letter behind which it begins; None for the newest.
        filters: as they were written.
    """

    choice: Choice
    limit: int
    after: str | None
    filters: Mapping[str, str]


def read_page(params: Mapping[str, str | list[str]], now: Callable[[], datetime]) -> Asked:
    """Return what a URL's parameters ask for.

    Raises:
        InvalidParameters: naming each that is unknown, there twice, or can't be used.
    """
    given = {name: value for name, value in params.items() if isinstance(value, str)}
    faults = {name: f"is none of {', '.join(_NAMES)}" for name in params if name not in _NAMES}
    faults |= {name: "is there more than once" for name in params if name not in given}
    filters = {name: given[name] for name in FILTERS if name in given}
    times: dict[str, datetime] = {}
    with _noting(faults, "since"):
        times |= _read_time(filters, "since", now)
    with _noting(faults, "until"):
        times |= _read_time(filters, "until", now)
    limit, after = DEFAULT_LIMIT, None
    with _noting(faults, "limit"):
        limit = _read_limit(given.get("limit", str(DEFAULT_LIMIT)))
    with _noting(faults, "cursor"):
        after = _read_cursor(given["cursor"], filters) if "cursor" in given else None
    if faults:
        raise InvalidParameters(faults)
    choice = Choice(given.get("reason"), times.get("since"), times.get("until"))
    return Asked(choice, limit, after, filters)


def write_cursor(asked: Asked, after: str) -> str:
    """Return the text that leads to the letters behind one, by the same filters."""
    return base64.urlsafe_b64encode(_digest(asked.filters) + after.encode()).rstrip(b"=").decode()


def utc_now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


@contextmanager
def _noting(faults: dict[str, str], name: str) -> Iterator[None]:
    """Note what is wrong with a parameter, and go on with the next."""
    try:
        yield
    except ValueError as error:
        faults[name] = str(error)


def _read_time(
    filters: Mapping[str, str], name: str, now: Callable[[], datetime]
) -> dict[str, datetime]:
    return {name: parse_time(filters[name], now())} if name in filters else {}


def _read_limit(text: str) -> int:
    if not _LIMIT.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise ValueError(f"{text!r} is no whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _read_cursor(text: str, filters: Mapping[str, str]) -> str:
    try:
        held = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        after = held[_DIGEST_BYTES:].decode("ascii")
    except ValueError:
        raise ValueError("is none: send next_cursor as it came") from None
    if held[:_DIGEST_BYTES] != _digest(filters):
        raise ValueError("belongs to a query with other parameters")
    return after


def _digest(filters: Mapping[str, str]) -> bytes:
    return blake2b(orjson.dumps(sorted(filters.items())), digest_size=_DIGEST_BYTES).digest()
