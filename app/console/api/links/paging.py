"""Pages of the list of links: what a URL asks for, and cursors that lead to the next page."""

import base64
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import cast
from urllib.parse import urlencode

import orjson

from app.console.api.links.models import STATES
from app.console.api.problem import InvalidParameter
from app.links import codes
from app.links.link import State
from app.links.listing import Entry
from app.links.search import Criteria
from app.links.validation import InvalidLink, read_tag

NAMES = ("tag", "state", "q", "limit", "cursor")
DEFAULT_LIMIT, MAX_LIMIT = 100, 1_000
MAX_TEXT = 200
#: Milliseconds since 1970 of the year 10000.
_END_OF_TIME_MS = 253_402_300_800_000

Params = Mapping[str, str | list[str]]


def read_criteria(params: Params, tags: tuple[str, ...]) -> Criteria:
    """Return what a URL's parameters look for.

    Args:
        tags: of whose links alone the caller sees.

    Raises:
        InvalidParameter: one is unknown, is there twice, or can't be used.
    """
    single(params, NAMES)
    state, text = _text(params, "state"), _text(params, "q")
    if state and state not in STATES:
        raise InvalidParameter("state", f"{state!r} is none of {', '.join(STATES)}")
    if len(text) > MAX_TEXT:
        raise InvalidParameter("q", f"it has {len(text)} characters, at most {MAX_TEXT} will do")
    return Criteria(_tag(params), tags, cast("State", state) if state else None, text)


def single(params: Params, names: Sequence[str]) -> dict[str, str]:
    """Return the parameters of a URL, each of which is there once and one of some names.

    Raises:
        InvalidParameter: one is unknown, or is there twice.
    """
    found: dict[str, str] = {}
    for name, value in params.items():
        if name not in names:
            raise InvalidParameter(name, f"is none of {', '.join(names)}")
        if not isinstance(value, str):
            raise InvalidParameter(name, "is there more than once")
        found[name] = value
    return found


def read_limit(params: Params) -> int:
    """Return how many links a page shall have at most.

    Raises:
        InvalidParameter: it is no number that will do.
    """
    text = _text(params, "limit") if "limit" in params else str(DEFAULT_LIMIT)
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidParameter("limit", f"{text!r} is no whole number from 1 to {MAX_LIMIT}")
    return int(text)


def write_cursor(criteria: Criteria, after: Entry) -> str:
    """Return the text that leads to the links behind one, for the same criteria."""
    held = orjson.dumps([_digest(criteria), after.created_ms, after.code])
    return base64.urlsafe_b64encode(held).rstrip(b"=").decode()


def read_cursor(params: Params, criteria: Criteria) -> Entry | None:
    """Return behind which link a page begins; None for the first.

    Raises:
        InvalidParameter: it is no cursor, or that of other criteria.
    """
    text = _text(params, "cursor")
    if not text:
        return None
    try:
        held = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        digest, created_ms, code = held
        after = Entry(code, created_ms)
        # To JSON true is no number; to Python it is one.
        is_whole = type(created_ms) is int
        if not (is_whole and codes.is_valid(code) and 0 <= created_ms < _END_OF_TIME_MS):
            raise ValueError(after)
    except (ValueError, TypeError):
        raise InvalidParameter("cursor", "is none: send next_cursor as it came") from None
    if digest != _digest(criteria):
        raise InvalidParameter("cursor", "belongs to a query with other parameters")
    return after


def link_header(path: str, params: Params, cursor: str) -> str:
    """Return the header that names the next page (RFC 8288)."""
    return f'<{path}?{urlencode({**params, "cursor": cursor})}>; rel="next"'


def _digest(criteria: Criteria) -> str:
    asked = [criteria.tag, sorted(criteria.tags), criteria.state, criteria.text]
    return blake2b(orjson.dumps(asked), digest_size=6).hexdigest()


def _tag(params: Params) -> str | None:
    try:
        return read_tag(_text(params, "tag")) or None
    except InvalidLink as error:
        raise InvalidParameter("tag", error.faults["tag"]) from None


def _text(params: Params, name: str) -> str:
    value = params.get(name, "")
    return value if isinstance(value, str) else ""
