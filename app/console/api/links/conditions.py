"""Conditions of requests about one version of a link (RFC 9110 §13.1)."""

import falcon

from app.console.api.if_match import ANY_VERSION, read_if_match
from app.console.api.problem import InvalidParameter
from app.console.api.rights import caller_of
from app.links.precondition import Precondition


def precondition(req: falcon.Request) -> Precondition:
    """Return what a link has to be that a request changes: see If-Match, and who asks.

    Raises:
        InvalidParameter: If-Match can't be read.
    """
    tags, versions = caller_of(req).tags, read_if_match(req)
    if versions is ANY_VERSION:
        return Precondition(tags=tags, is_there=True)
    return Precondition(versions, tags)


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
