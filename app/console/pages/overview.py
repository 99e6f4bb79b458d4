"""Page of all links together: quick create, totals, chart and cards."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

import falcon
import orjson

from app.console.api.rights import Rights, caller_of
from app.console.pages.reports.cards import BOTS, DEVICES, LINKS, PLACES, SOURCES
from app.console.pages.reports.desk import ReportDesk
from app.console.pages.reports.ledger import LedgerBadge
from app.console.pages.reports.panels import SCOPE, Total, read_asked, report_values
from app.console.pages.site.address import Address
from app.console.pages.site.browser import is_for_person
from app.console.pages.site.rendering import Site
from app.links.store import LinkStore
from app.reports.answer import Answer
from app.reports.period import Period
from app.reports.query import BadQuery
from app.times import EPOCH
from app.version import __version__

PATH = "/"
#: What someone is told who looks at the root and is a program.
WELCOME = {
    "name": "hopline console",
    "version": __version__,
    "links": "/api/v1/links",
    "stats": "/api/v1/links/{code}/stats",
    "openapi": "/api/v1/openapi.json",
    "docs": "/docs",
}
_CARDS = (LINKS, SOURCES, PLACES, DEVICES, BOTS)
_MILLISECOND = timedelta(milliseconds=1)


class Overview:
    """Shows all links together to people; programs hear where to go on."""

    rights: ClassVar[Rights] = {"GET": None}

    def __init__(self, site: Site, desk: ReportDesk, links: LinkStore, ledger: LedgerBadge) -> None:
        self._site = site
        self._desk = desk
        self._links = links
        self._ledger = ledger

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        if not is_for_person(req):
            resp.data = orjson.dumps(WELCOME)
            resp.content_type = falcon.MEDIA_JSON
            resp.append_header("Vary", "Accept")
            return
        caller = caller_of(req)
        if not caller.may(SCOPE):
            self._site.show(req, resp, "no_reports.html")
            return
        address, now = Address.read(PATH, req.query_string), self._site.now()
        made = address.first("made")
        common: dict[str, Any] = {"made": made or "", "ledger": self._ledger.check()}
        try:
            tag = address.first("tag")
            asked = read_asked(req, resp, address, _CARDS, now, tag=tag)
        except BadQuery as error:
            resp.status = falcon.HTTP_400
            self._site.show(req, resp, "bad_query.html", error=error, plain=PATH)
            return
        told = self._desk.ask(req, asked.query, now)
        values = report_values(address.with_(made=None), _CARDS, asked, told)
        if told.answer:
            values["totals"] = (*values["totals"], self._new_links(told.answer, tag, now))
        self._site.show(req, resp, "overview.html", **common, **values)

    on_head = on_get

    def _new_links(self, answer: Answer, tag: str, now: datetime) -> Total:
        tags = answer.query.tag or tag
        return Total(
            "New links",
            self._created(answer.period, tags, now),
            self._created(answer.period_before, tags, now) or None
            if answer.period_before
            else None,
            "links made in this time that are not deleted",
        )

    def _created(self, period: Period, tag: str, now: datetime) -> int:
        since = period.since or EPOCH
        until = period.until or now
        return self._links.links.count_made(
            (since - EPOCH) // _MILLISECOND, (until - EPOCH) // _MILLISECOND, tag=tag or None
        )
