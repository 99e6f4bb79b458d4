"""Page that asks about clicks: its time, filters, totals and cards, and what is its own."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import falcon

from app.console.api.rights import Rights, caller_of
from app.console.pages.reports.cards import Plan
from app.console.pages.reports.desk import ReportDesk, Told
from app.console.pages.reports.panels import SCOPE, Asked, read_asked, report_values
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.reports.query import BadQuery, Query


class QuestionPage:
    """Shows a report of all links, or of those with a tag.

    Attributes:
        path: where it is.
        template: what shows it.
    """

    rights: ClassVar[Rights] = {"GET": None}
    path: ClassVar[str]
    template: ClassVar[str]

    def __init__(self, site: Site, desk: ReportDesk) -> None:
        self._site = site
        self._desk = desk

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        if not caller_of(req).may(SCOPE):
            self._site.show(req, resp, "no_reports.html")
            return
        address, now = Address.read(self.path, req.query_string), self._site.now()
        try:
            plans = self.plans(address)
            asked = read_asked(req, resp, address, plans, now, tag=address.first("tag"))
            asked = Asked(asked.span, self.query(address, asked.query))
            told = self._desk.ask(req, asked.query, now)
            own = self.own(req, address, asked, told)
        except BadQuery as error:
            resp.status = falcon.HTTP_400
            self._site.show(req, resp, "bad_query.html", error=error, plain=self.path)
            return
        if not self.is_answered(address, resp, own):
            values = {**report_values(address, plans, asked, told), **own}
            self._site.show(req, resp, self.template, **values)

    on_head = on_get

    def plans(self, address: Address) -> Sequence[Plan]:
        """Return the cards, which are the dimensions that are asked about.

        Raises:
            BadQuery: the address chooses what there isn't.
        """
        raise NotImplementedError

    def query(self, _address: Address, query: Query) -> Query:
        """Return what is asked of the query that time, filters and cards make.

        Raises:
            BadQuery: the address chooses what there isn't.
        """
        return query

    def own(
        self, req: falcon.Request, address: Address, asked: Asked, told: Told
    ) -> Mapping[str, Any]:
        """Return what its template shows beside the report.

        Raises:
            BadQuery: the address asks what can't be answered.
        """
        raise NotImplementedError

    def is_answered(
        self, _address: Address, _resp: falcon.Response, _own: Mapping[str, Any]
    ) -> bool:
        """Tell whether it has answered with something else than a page."""
        return False
