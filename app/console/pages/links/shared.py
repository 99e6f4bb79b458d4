"""Page of a link's figures for whoever has their address: nothing of it can be changed."""

from typing import ClassVar

import falcon

from app.console.api.rights import Rights
from app.console.pages.reports.cards import DEVICES, Plan
from app.console.pages.reports.desk import ReportDesk
from app.console.pages.reports.filtering import NAME
from app.console.pages.reports.panels import read_asked, report_values
from app.console.pages.site.address import Address
from app.console.pages.site.browser import SHARED
from app.console.pages.site.rendering import Site
from app.links.link import LinkNotFound
from app.links.shares import Shares
from app.links.store import LinkStore
from app.reports.filters import Condition, parse
from app.reports.query import BadQuery

PATH = f"{SHARED}{{code}}/{{secret}}"
#: What the public sees, and may filter by: nothing by which one visitor could be told from others,
#: and no address that somebody came from or was led to.
_CARDS = (
    Plan("sources", "Sources", ("channel", "source", "utm_campaign")),
    Plan("places", "Places", ("country", "language")),
    DEVICES,
)
_PUBLIC = frozenset(tab for plan in _CARDS for tab in plan.tabs)


class SharedReport:
    """Shows a link's report to everybody who knows its address."""

    rights: ClassVar[Rights] = {"GET": None}

    def __init__(self, site: Site, desk: ReportDesk, links: LinkStore, shares: Shares) -> None:
        self._site = site
        self._desk = desk
        self._links = links
        self._shares = shares

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str, secret: str) -> None:
        """Answer GET.

        Raises:
            falcon.HTTPNotFound: nothing is shared by this address, or not any more.
        """
        resp.set_header("X-Robots-Tag", "noindex, nofollow")
        if not self._shares.is_good(code, secret):
            raise falcon.HTTPNotFound(description="Nothing is shared by this address.")
        try:
            link = self._links.get(code)
        except LinkNotFound:
            raise falcon.HTTPNotFound(description="The link is gone.") from None
        if link.deleted:
            raise falcon.HTTPNotFound(description="The link is gone.")
        address, now = Address.read(req.path, req.query_string), self._site.now()
        try:
            asked = read_asked(req, resp, address, _CARDS, now, codes=(code,))
            _require_public(address)
        except BadQuery as error:
            resp.status = falcon.HTTP_400
            self._site.show(req, resp, "bad_query.html", error=error, plain=req.path)
            return
        told = self._desk.ask(req, asked.query, now)
        values = report_values(address, _CARDS, asked, told)
        self._site.show(req, resp, "shared.html", link=link, **values)

    on_head = on_get


def _require_public(address: Address) -> None:
    """Refuse filters by which somebody could find out what the page doesn't show.

    Raises:
        BadQuery: there is one.
    """
    for text in address.all(NAME):
        found = parse(text)
        if not isinstance(found, Condition) or found.dimension not in _PUBLIC:
            raise BadQuery(NAME, "a shared report can be filtered by what it shows alone")
