"""Pages of the dead letters: what a URL asks for, and cursors that lead to the next page."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

import orjson

from app.console.api.dead_letters.models import DEFAULT_LIMIT, FILTERS, MAX_LIMIT
from app.console.api.given import Given, whole_number
from app.dead_letters.store import Choice
from app.times import parse_time

_NAMES = (*FILTERS, "limit", "cursor")
_DIGEST_BYTES = 6


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
        InvalidParameter: naming each that is unknown, there twice, or can't be used.
    """
    given = Given(params, _NAMES)
    filters = {name: given.texts[name] for name in FILTERS if name in given.texts}

    def time(text: str) -> datetime | None:
        return parse_time(text, now())

    choice = Choice(
        filters.get("reason"), given.read("since", time, None), given.read("until", time, None)
    )
    limit = given.read("limit", whole_number(MAX_LIMIT), DEFAULT_LIMIT)
    after = given.read("cursor", lambda text: _read_cursor(text, filters), "")
    given.require()
    return Asked(choice, limit, after or None, filters)


def write_cursor(asked: Asked, after: str) -> str:
    """Return the text that leads to the letters behind one, by the same filters."""
    return base64.urlsafe_b64encode(_digest(asked.filters) + after.encode()).rstrip(b"=").decode()


def utc_now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


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
