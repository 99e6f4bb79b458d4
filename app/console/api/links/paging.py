"""Pages of the list of links: what a URL asks for, and cursors that lead to the next page."""

import base64
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import cast, get_args
from urllib.parse import urlencode

import orjson

from app.console.api.problem import InvalidParameter
from app.links import codes
from app.links.index.question import SORTS, Place, Question, Sort
from app.links.link import State
from app.links.validation import MAX_TAGS, InvalidLink, read_tag

NAMES = (
    *("tag", "tag_all", "tag_none", "state", "q", "sort", "order", "include", "limit", "cursor"),
)
ORDERS = ("desc", "asc")
DEFAULT_LIMIT, MAX_LIMIT = 100, 1_000
MAX_TEXT = 200
#: Milliseconds since 1970 of the year 10000.
_END_OF_TIME_MS = 253_402_300_800_000

Params = Mapping[str, str | list[str]]


def read_question(params: Params, tags: tuple[str, ...]) -> Question:
    """Return what a URL's parameters look for.

    Args:
        tags: of whose links alone the caller sees.

    Raises:
        InvalidParameter: one is unknown, is there twice, or can't be used.
    """
    single(params, NAMES)
    text = _text(params, "q")
    if len(text) > MAX_TEXT:
        raise InvalidParameter("q", f"it has {len(text)} characters, at most {MAX_TEXT} will do")
    state = _one_of(params, "state", get_args(State))
    sort = _one_of(params, "sort", SORTS) or "created_at"
    order = _one_of(params, "order", ORDERS) or ("asc" if sort == "code" else "desc")
    return Question(
        any_tags=_tags(params, "tag"),
        all_tags=_tags(params, "tag_all"),
        no_tags=_tags(params, "tag_none"),
        own_tags=tags,
        state=cast("State | None", state),
        text=text,
        sort=cast("Sort", sort),
        ascending=order == "asc",
    )


def includes_clicks(params: Params) -> bool:
    """Tell whether a URL asks for the clicks of links.

    Raises:
        InvalidParameter: it asks for something else besides links.
    """
    return _one_of(params, "include", ("clicks",)) == "clicks"


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


def write_cursor(question: Question, after: Place) -> str:
    """Return the text that leads to the links behind one, for the same question."""
    held = orjson.dumps([_digest(question), after.value, after.code])
    return base64.urlsafe_b64encode(held).rstrip(b"=").decode()


def read_cursor(params: Params, question: Question) -> Place | None:
    """Return behind which link a page begins; None for the first.

    Raises:
        InvalidParameter: it is no cursor, or that of another question.
    """
    text = _text(params, "cursor")
    if not text:
        return None
    try:
        held = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        digest, value, code = held
        # To JSON true is no number; to Python it is one.
        is_number = type(value) is int and 0 <= value < _END_OF_TIME_MS
        is_sound = value == code if question.sort == "code" else is_number
        if not (is_sound and codes.is_valid(code)):
            raise ValueError(value)
    except (ValueError, TypeError):
        raise InvalidParameter("cursor", "is none: send next_cursor as it came") from None
    if digest != _digest(question):
        raise InvalidParameter("cursor", "belongs to a query with other parameters")
    return Place(value, code)


def link_header(path: str, params: Params, cursor: str) -> str:
    """Return the header that names the next page (RFC 8288)."""
    return f'<{path}?{urlencode({**params, "cursor": cursor})}>; rel="next"'


def _digest(question: Question) -> str:
    return blake2b(orjson.dumps(question), digest_size=6).hexdigest()


def _one_of(params: Params, name: str, choices: Sequence[str]) -> str | None:
    value = _text(params, name)
    if value and value not in choices:
        raise InvalidParameter(name, f"{value!r} is none of {', '.join(choices)}")
    return value or None


def _tags(params: Params, name: str) -> tuple[str, ...]:
    """Return the tags of a parameter, between which stand commas, which no tag has."""
    text = _text(params, name)
    try:
        found = {tag for part in text.split(",") if (tag := read_tag(part))}
    except InvalidLink as error:
        raise InvalidParameter(name, error.faults["tag"]) from None
    if len(found) > MAX_TAGS:
        raise InvalidParameter(name, f"there are {len(found)} tags, at most {MAX_TAGS} will do")
    return tuple(sorted(found))


def _text(params: Params, name: str) -> str:
    value = params.get(name, "")
    return value if isinstance(value, str) else ""
