"""Endpoints of one link: /api/v1/links/{code}, and its /disable and /enable."""

from functools import partial
from typing import ClassVar

import falcon

from app.console.api.body import read_object
from app.console.api.links.conditions import precondition, precondition_of_put
from app.console.api.links.models import LinkPatch, LinkReplacement, require, without_nulls
from app.console.api.links.showing import LINK_PATH, Showing
from app.console.api.rights import Rights
from app.links.store import LinkStore

_PATCH_TYPES = ("application/merge-patch+json", falcon.MEDIA_JSON)


class OneLink(Showing):
    """A link by its code.

    Every method raises what :mod:`app.console.api.problem` makes a problem of.
    """

    rights: ClassVar[Rights] = {
        "GET": "links:read",
        "PATCH": "links:write",
        "PUT": "links:write",
        "DELETE": "links:write",
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Show a link."""
        self.show(resp, self.seen_by(req, code))

    on_head = on_get

    def on_patch(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Change what is given of a link, and leave the rest (RFC 7396)."""
        only = precondition(req)
        patch = read_object(req, _PATCH_TYPES)
        require(LinkPatch, patch, self.links.check)
        self.show(resp, self.as_caller(req).update(code, without_nulls(patch), only=only))

    def on_put(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Make a link, or put another in the place of the one there."""
        only = precondition_of_put(req)
        given = read_object(req, (falcon.MEDIA_JSON,))
        require(LinkReplacement, given, partial(self.links.draft, code=code))
        link, is_new = self.as_caller(req).put(code, given, only=only)
        self.show(resp, link)
        if is_new:
            resp.status = falcon.HTTP_201
            resp.location = LINK_PATH.format(code=link.code)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Delete a link; its code stays taken."""
        self.as_caller(req).delete(code, only=precondition(req))
        resp.status = falcon.HTTP_204


class Switch(Showing):
    """Switches a link off, or on again.

    Args:
        disabled: what it shall be.
    """

    rights: ClassVar[Rights] = {"POST": "links:write"}

    def __init__(self, links: LinkStore, link_base: str, *, disabled: bool) -> None:
        super().__init__(links, link_base)
        self._disabled = disabled

    def on_post(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Switch a link; one that is so already is changed to the same."""
        only = precondition(req)
        self.show(resp, self.as_caller(req).update(code, {"disabled": self._disabled}, only=only))
