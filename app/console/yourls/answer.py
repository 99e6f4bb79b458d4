"""Answers in the four formats of YOURLS: what is sent of an answer, and by which status.

Rule: only JSONP says what a script of another page may call, and that a name alone may be called.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import falcon
import orjson

#: Names that JavaScript calls functions by, with what stands between those of objects.
_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]{0,127}", re.ASCII)
#: What no XML 1.0 document holds (§2.2), however it is written.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: By which YOURLS answers where nobody says otherwise.
DEFAULT_FORMAT = "xml"


class Answer(NamedTuple):
    """What is said to a client.

    Attributes:
        fields: as JSON and XML have them; ``statusCode`` or else ``errorCode`` is the status.
        simple: what is sent as plain text.
    """

    fields: Mapping[str, Any]
    simple: str

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.fields.get("statusCode") or self.fields.get("errorCode") or 200)


def refusal(status: int, message: str) -> Answer:
    """Return an answer that a request can't be carried out."""
    return Answer({"message": message, "errorCode": status}, message)


def write(resp: falcon.Response, answer: Answer, format_name: str, callback: str | None) -> None:
    """Write an answer.

    Args:
        format_name: ``json``, ``jsonp`` or ``xml``; plain text for any other.
        callback: what JSONP shall call; it is told back in every format, as YOURLS does.
    """
    fields = dict(answer.fields)
    if callback is not None:
        fields["callback"] = callback
    resp.status = answer.status
    if format_name == "jsonp" and not _CALLBACK.fullmatch(callback or ""):
        answer = refusal(400, "callback: expected the name of a function")
        resp.status, format_name, fields = answer.status, "json", dict(answer.fields)
    if format_name == "jsonp":
        resp.data = b"%s(%s)" % ((callback or "").encode(), orjson.dumps(fields))
        resp.content_type = "application/javascript"
    elif format_name == "json":
        resp.data = orjson.dumps(fields)
        resp.content_type = falcon.MEDIA_JSON
    elif format_name == "xml":
        resp.text = f'<?xml version="1.0"?>\n<root>{_xml(fields)}</root>\n'
        resp.content_type = falcon.MEDIA_XML
    else:
        resp.text = answer.simple
        resp.content_type = "text/plain; charset=utf-8"


def _xml(fields: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_xml(value) if isinstance(value, Mapping) else _text(value)}</{name}>"
        for name, value in fields.items()
    )


def _text(value: object) -> str:
    return escape(_NO_XML.sub("\ufffd", str(value)))
