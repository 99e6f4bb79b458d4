"""Endpoint of all links: /api/v1/links."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import falcon

from app.console.api.body import read_object
from app.console.api.links.models import NewLink, require
from app.console.api.links.showing import LINK_PATH, Showing
from app.console.api.rights import Rights, caller_of
from app.links.precondition import Precondition


class Links(Showing):
    """All links."""

    rights: ClassVar[Rights] = {"POST": "links:write"}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a link, under the code that is given or one that is made up."""
        given = read_object(req, (falcon.MEDIA_JSON,))
        code = given.get("code")
        options = {name: value for name, value in given.items() if name != "code"}
        require(NewLink, given, partial(self._check, code=code))
        only = Precondition(tags=caller_of(req).tags)
        link = self.links.create(options, code=code, only=only)
        self.show(resp, link)
        resp.status = falcon.HTTP_201
        resp.location = LINK_PATH.format(code=link.code)

    def _check(self, options: Mapping[str, object], code: object) -> None:
        given = {name: value for name, value in options.items() if name != "code"}
        self.links.draft(given, code=code if isinstance(code, str) else None)
