"""Conditions of requests about one version of a link (RFC 9110 §13.1)."""

import re

import falcon

from app.console.api.problem import InvalidParameter
from app.console.api.rights import caller_of
from app.links.precondition import Precondition

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_TAGS = re.compile(rf"\s*(?:\*|{_TAG}(?:\s*,\s*{_TAG})*)\s*")
_WEAK_AND_TEXT = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


def precondition(req: falcon.Request) -> Precondition:
    """Return what a link has to be that a request changes: see If-Match, and who asks.

    Raises:
        InvalidParameter: If-Match is none, which must not mean that anything will do.
    """
    tags = caller_of(req).tags
    given = req.get_header("If-Match")
    if given is None:
        return Precondition(tags=tags)
    if not _TAGS.fullmatch(given):
        raise InvalidParameter("If-Match", f"{given!r} is no list of entity tags")
    if given.strip() == "*":
        return Precondition(tags=tags, is_there=True)
    # A weak tag is no version that could be compared; yet it asks for one.
    strong = frozenset(text for weak, text in _WEAK_AND_TEXT.findall(given) if not weak)
    return Precondition(strong or frozenset((given,)), tags)


def precondition_of_put(req: falcon.Request) -> Precondition:
    """Return what a link has to be in whose place another is put.

    Raises:
        InvalidParameter: If-Match can't be read, If-None-Match is no asterisk, or there are both.
    """
    given = req.get_header("If-None-Match")
    if given is None:
        return precondition(req)
    if given.strip() != "*":
        raise InvalidParameter("If-None-Match", "here only * is understood")
    if req.get_header("If-Match") is not None:
        raise InvalidParameter("If-None-Match", "no link is as it says and as If-Match says")
    return Precondition((), caller_of(req).tags)
