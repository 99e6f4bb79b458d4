"""Parameters of a request as PHP's ``$_REQUEST`` has them: of the query, and over them of a form.

Of a name that is there twice the last one counts. A body of another type, such as the empty JSON
object that some clients send along with GET, holds none.
"""

from collections.abc import Iterator, Mapping
from io import BytesIO
from urllib.parse import parse_qsl

import falcon
from falcon.media.multipart import MultipartForm, MultipartParseError, MultipartParseOptions

from app.console.api.body import read_bytes

_FORM, _PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
#: More than any client has; each costs time.
_MOST = 50


class UnreadableForm(Exception):
    """A form that can't be read; the text says why."""


def read_parameters(req: falcon.Request) -> Mapping[str, str]:
    """Return a request's parameters; bytes that are no UTF-8 become U+FFFD.

    Raises:
        UnreadableForm: the body is no form of the type that it names, or there are too many.
        BodyTooLarge: it is too large.
    """
    # WSGI hands bytes on as Latin-1 (PEP 3333), and not all clients encode what is no ASCII.
    query = req.query_string.encode("latin-1", "replace").decode("utf-8", "replace")
    found = dict(_pairs(query))
    if req.method == "POST":
        found.update(_form(req))
    return found


def _form(req: falcon.Request) -> Iterator[tuple[str, str]]:
    media_type, options = falcon.parse_header(req.content_type or "")
    if media_type.lower() == _FORM:
        yield from _pairs(read_bytes(req).decode("utf-8", "replace"))
    elif media_type.lower() == _PARTS:
        yield from _parts(read_bytes(req), options.get("boundary", ""))


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST)
    except ValueError:
        raise UnreadableForm(f"There are more than {_MOST} parameters.") from None


def _parts(body: bytes, boundary: str) -> Iterator[tuple[str, str]]:
    options = MultipartParseOptions()
    options.max_body_part_count = _MOST
    try:
        form = MultipartForm(BytesIO(body), boundary.encode(), len(body), options)
        for part in form:
            if part.name is not None:
                yield part.name, part.get_data().decode("utf-8", "replace")
    except (MultipartParseError, ValueError) as error:
        detail = getattr(error, "description", None) or str(error)
        raise UnreadableForm(f"The form can't be read: {detail}") from None
