"""Bodies of requests, read as strictly as JSON can be: what is sent is what is understood."""

import json
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

import falcon
import orjson

from app.console.api.problem import Problem

MAX_BYTES = 65_536
_FIELDS = 2_000


class BadBody(Exception):
    """A body that can't be understood.

    Attributes:
        field: the name that stands in it twice; '' if it is something else.
        detail: what is wrong, for a person.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


class BodyTooLarge(BadBody):
    """A body of more bytes than will do."""


def read_json(req: falcon.Request, most_bytes: int = MAX_BYTES) -> object:
    """Return the JSON that a request carries.

    Raises:
        BadBody: it is none, too large, or names something twice.
    """
    body = read_bytes(req, most_bytes)
    try:
        # The library's own parser takes what is no JSON, such as NaN and lone surrogates, but tells
        # of every name.
        orjson.loads(body)
        return json.loads(body, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise BadBody("", f"is no JSON: {error}") from None


def read_object(
    req: falcon.Request, media_types: Collection[str], most_bytes: int = MAX_BYTES
) -> dict[str, Any]:
    """Return the JSON object that a request carries.

    Args:
        media_types: that its Content-Type may name.
        most_bytes: that it may take.

    Raises:
        Problem: it is of another type, too large, no JSON object, or names something twice.
    """
    given = (req.content_type or "").partition(";")[0].strip().lower()
    if given not in media_types:
        expected = " or ".join(media_types)
        raise Problem(
            "unsupported-content-type",
            f"Send {expected}, not {given!r}.",
            headers={"Accept-Patch" if req.method == "PATCH" else "Accept": ", ".join(media_types)},
        )
    try:
        found = read_json(req, most_bytes)
    except BodyTooLarge as error:
        raise Problem("body-too-large", f"The body {error.detail}.") from None
    except BadBody as error:
        subject = f"The field {error.field!r}" if error.field else "The body"
        faults = {error.field: error.detail} if error.field else None
        raise Problem("invalid-body", f"{subject} {error.detail}.", faults) from None
    if not isinstance(found, dict):
        raise Problem("invalid-body", "The body is no JSON object.")
    return found


def read_form(req: falcon.Request) -> dict[str, list[str]]:
    """Return the fields of a form that a browser sends (URL Standard §5.1), each with its texts.

    Raises:
        Problem: it is of another type, too large, or has too many fields.
    """
    given = (req.content_type or "").partition(";")[0].strip().lower()
    if given != falcon.MEDIA_URLENCODED:
        raise Problem("unsupported-content-type", f"Send {falcon.MEDIA_URLENCODED}, not {given!r}.")
    try:
        text = read_bytes(req).decode("ascii", "replace")
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_FIELDS)
    except BodyTooLarge as error:
        raise Problem("body-too-large", f"The form {error.detail}.") from None
    except ValueError:
        raise Problem("invalid-body", f"The form has more than {_FIELDS} fields.") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def read_bytes(req: falcon.Request, most_bytes: int = MAX_BYTES) -> bytes:
    """Return a body; one that has no length ends where the server says.

    Raises:
        BodyTooLarge: it takes more.
    """
    if (req.content_length or 0) <= most_bytes:
        is_ended = req.env.get("wsgi.input_terminated")
        stream = req.stream if is_ended else req.bounded_stream
        body: bytes = stream.read(most_bytes + 1)
        if len(body) <= most_bytes:
            return body
    raise BodyTooLarge("", f"takes more than {most_bytes} bytes")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; of a name that stands there twice one value would go unheard."""
    found: dict[str, Any] = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadBody(next(name for name in names if names.count(name) > 1), "is there twice")
    return found
