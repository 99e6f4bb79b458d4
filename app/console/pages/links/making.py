"""Page with the form of a new link."""

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

import falcon

from app.console.api.rights import Rights, author_of, caller_of
from app.console.pages.links.fields import STATUSES, LinkForm
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site, see_other
from app.links.link import CodeTaken
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.validation import NOTHING, InvalidLink

PATH = "/links/-/new"
#: What stands in the trail of changes.
VIA = "console"


class NewLinkPage:
    """Makes a link of what a form says, and shows the form again where something is wrong."""

    rights: ClassVar[Rights] = {"GET": "links:write", "POST": "links:write"}

    def __init__(self, site: Site, links: LinkStore) -> None:
        self._site = site
        self._links = links

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the form; what its address names is filled in, as a bookmark does."""
        address = Address.read(req.path, req.query_string)
        names = LinkForm.empty().texts
        given = {name: [address.first(name)] for name in names if address.first(name)}
        self._show(req, resp, LinkForm.sent(given))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make the link.

        Raises:
            falcon.HTTPSeeOther: it is made.
        """
        fields = self._site.form(req)
        form = LinkForm.sent(fields)
        links = self._links.by(author_of(req, VIA))
        try:
            link = links.create(
                form.options, code=form.code, only=Precondition(tags=caller_of(req).tags)
            )
        except InvalidLink as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, form, error.faults)
            return
        except CodeTaken as error:
            resp.status = falcon.HTTP_409
            self._show(req, resp, form, {"code": f"{error}: choose another, or leave it empty"})
            return
        raise see_other(f"/?made={quote(link.code)}" if "next" in fields else _page(link.code))

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        form: LinkForm,
        faults: Mapping[str, str] = NOTHING,
    ) -> None:
        values = {"form": form.texts, "faults": faults, "statuses": STATUSES, "code": None}
        self._site.show(req, resp, "new_link.html", **values)


def _page(code: str) -> str:
    return f"/links/{quote(code)}?made={quote(code)}"
