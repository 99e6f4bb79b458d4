"""Page of the clicks of the last half hour, and of those that come while somebody looks."""

from datetime import timedelta
from typing import ClassVar

import falcon

from app.console.api.rights import Rights, caller_of
from app.console.live.resource import PATH as EVENTS
from app.console.pages.reports.chart import chart_of
from app.console.pages.reports.desk import ReportDesk
from app.console.pages.reports.panels import SCOPE, time_values, totals
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.console.pages.site.span import Span
from app.reports.query import BadQuery, Query
from app.reports.spellings import to_command, to_url

PATH = "/live"
_SHOWN = timedelta(minutes=30)
#: Parameters that the events take as well.
_CHOSEN = ("code", "tag", "humans")


class LivePage:
    """Shows clicks as they come; the figures above them are of all links, or of those chosen."""

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def __init__(self, site: Site, desk: ReportDesk) -> None:
        self._site = site
        self._desk = desk

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        address, now = Address.read(PATH, req.query_string), self._site.now()
        try:
            span = Span.read(address.only(("tz",)), now)
            query = Query(
                codes=tuple(address.all("code")),
                tag=address.first("tag"),
                since=(now - _SHOWN).replace(second=0, microsecond=0),
                tz=span.tz,
                interval="minute",
                by=(),
            )
        except BadQuery as error:
            resp.status = falcon.HTTP_400
            self._site.show(req, resp, "bad_query.html", error=error, plain=PATH)
            return
        told = self._desk.ask(req, query, now) if caller_of(req).may(SCOPE) else None
        answer = told.answer if told else None
        values = {
            **time_values(address, span),
            "intervals": ("minute",),
            "told": told,
            "zone": query.zone,
            "answer": answer,
            "totals": totals(answer) if answer else (),
            "chart": chart_of(answer) if answer else None,
            "as_json": to_url(query),
            "as_command": to_command(query),
            "events": address.only(_CHOSEN, EVENTS),
            **{name: address.first(name) for name in _CHOSEN},
        }
        self._site.show(req, resp, "live.html", **values)

    on_head = on_get
