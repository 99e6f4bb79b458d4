"""If-Match of a request: which versions what it changes may have (RFC 9110 §13.1.1)."""

import re

import falcon

from app.console.api.operation import Parameter
from app.console.api.problem import InvalidParameter

#: As the document of the interface has it.
IF_MATCH = Parameter(
    "If-Match", "header", "ETag of the version that it has to be; answered by 412 if not."
)
#: Stands for any version of what is there.
ANY_VERSION = frozenset(("*",))
_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_TAGS = re.compile(rf"\s*(?:\*|{_TAG}(?:\s*,\s*{_TAG})*)\s*")
_WEAK_AND_TEXT = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


def read_if_match(req: falcon.Request) -> frozenset[str] | None:
    """Return the versions that a request names, None where it names none at all.

    Raises:
        InvalidParameter: If-Match is no list of them, which must not mean that anything will do.
    """
    given = req.get_header("If-Match")
    if given is None:
        return None
    if not _TAGS.fullmatch(given):
        raise InvalidParameter("If-Match", f"{given!r} is no list of entity tags")
    if given.strip() == "*":
        return ANY_VERSION
    # A weak tag is no version that could be compared; yet it asks for one.
    strong = frozenset(text for weak, text in _WEAK_AND_TEXT.findall(given) if not weak)
    return strong or frozenset((given,))
