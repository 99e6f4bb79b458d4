"""Page of the trail of changes: who changed which link, key or dead letter, when and how."""

from typing import Any, ClassVar

import falcon

from app.changes.trail import BadCursor, Trail, describe
from app.console.api.rights import Rights
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.reports.query import BadQuery

PATH = "/audit"
_LIMIT = 50


class ChangesPage:
    """Shows the trail, newest first."""

    rights: ClassVar[Rights] = {"GET": "admin"}

    def __init__(self, site: Site, trail: Trail) -> None:
        self._site = site
        self._trail = trail

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        address = Address.read(PATH, req.query_string)
        subject, after = address.first("subject"), address.first("after") or None
        try:
            page = self._trail.page(after=after, limit=_LIMIT, subject=subject)
        except BadCursor as error:
            resp.status = falcon.HTTP_400
            fault = BadQuery("after", str(error))
            self._site.show(req, resp, "bad_query.html", error=fault, plain=PATH)
            return
        values: dict[str, Any] = {
            "lines": [{**describe(line), "made_ms": line.made_ms} for line in page.lines],
            "subject": subject,
            "following": address.with_(after=page.after) if page.after else None,
            "begin": address.with_(after=None) if after else None,
        }
        self._site.show(req, resp, "changes.html", **values)

    on_head = on_get
