"""Endpoints of what a link was: /api/v1/links/{code}/history and /restore/{version}."""

from typing import ClassVar

import falcon

from app.changes.trail import Trail
from app.console.api.links.conditions import precondition
from app.console.api.links.paging import link_header, read_limit, single
from app.console.api.links.showing import LINK_PATH, Showing
from app.console.api.problem import InvalidParameter
from app.console.api.rights import Rights, caller_of
from app.links.history import History, VersionNotFound, describe
from app.links.precondition import Precondition
from app.links.store import LinkStore

HISTORY_PATH = f"{LINK_PATH}/history"
RESTORE_PATH = f"{LINK_PATH}/restore/{{version}}"


class LinkHistory(Showing):
    """What a link is and was.

    Args:
        trail: of the changes.
    """

    rights: ClassVar[Rights] = {"GET": "links:read"}

    def __init__(self, links: LinkStore, link_base: str, trail: Trail) -> None:
        super().__init__(links, link_base)
        self._history = History(links, trail)

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Show every version of a link, newest first, also of one that was deleted."""
        given = single(req.params, ("cursor", "limit"))
        cursor = given.get("cursor") or None
        limit = read_limit(req.params)
        only = Precondition(tags=caller_of(req).tags)
        try:
            page = self._history.page(code, after=cursor, limit=limit, only=only)
        except VersionNotFound as error:
            raise InvalidParameter("cursor", str(error)) from None
        resp.media = {"data": list(map(describe, page.versions)), "next_cursor": page.after}
        if page.after:
            path = HISTORY_PATH.format(code=code)
            resp.append_header("Link", link_header(path, req.params, page.after))

    on_head = on_get


class Restore(Showing):
    """Makes a link again what it was.

    Args:
        trail: of the changes.
    """

    rights: ClassVar[Rights] = {"POST": "links:write"}

    def __init__(self, links: LinkStore, link_base: str, trail: Trail) -> None:
        super().__init__(links, link_base)
        self._trail = trail

    def on_post(self, req: falcon.Request, resp: falcon.Response, code: str, version: str) -> None:
        """Make a link again what it was in a version, also one that was deleted since."""
        history = History(self.as_caller(req), self._trail)
        self.show(resp, history.restore(code, version, precondition(req)))
