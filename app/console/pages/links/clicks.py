"""Page of a link's single clicks: who came, from where, and why they count as people or not."""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote

import falcon

from app.console.api.rights import Rights, caller_of
from app.console.pages.reports.desk import ReportDesk
from app.console.pages.reports.panels import read_asked, time_values
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.exports.clicks import COLUMNS, Row
from app.exports.pages import ClickPage, ClickPages, Place
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.reports.period import period_of
from app.reports.query import BadQuery
from app.stores.clickhouse.shards import ClickHouseConnection
from app.times import EPOCH

PATH = "/links/{code}/clicks"
_LIMIT = 50
_PLACE = re.compile(r"([0-9]{1,15})-([0-9a-f]{32})", re.ASCII)


class ClickListPage:
    """Lists the clicks of a link, the newest first.

    Args:
        connection: makes a connection to ClickHouse.
    """

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def __init__(
        self,
        site: Site,
        desk: ReportDesk,
        links: LinkStore,
        connection: Callable[[], ClickHouseConnection],
    ) -> None:
        self._site = site
        self._desk = desk
        self._links = links
        self._connection = connection

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Answer GET."""
        link = self._links.get(code)
        Precondition(tags=caller_of(req).tags).require_before(link)
        address, now = Address.read(req.path, req.query_string), self._site.now()
        try:
            asked = read_asked(req, resp, address, (), now, codes=(code,))
            after = _read_place(address.first("after"), code)
        except BadQuery as error:
            resp.status = falcon.HTTP_400
            self._site.show(req, resp, "bad_query.html", error=error, plain=req.path)
            return
        query = asked.query
        period = period_of(query, now)

        def compute() -> ClickPage:
            with closing(self._connection()) as connection:
                return ClickPages(connection, query, period).newest(_LIMIT, after)

        found = self._desk.get(req, ("clicks", query, after), compute)
        page = found.value
        plain = address.with_(after=None)
        following = page.after if page else None
        values: dict[str, Any] = {
            **time_values(plain, asked.span),
            "link": link,
            "told": {"fault": found.fault, "detail": found.detail, "answer": None},
            "zone": query.zone,
            "clicks": [_named(row) for row in page.rows] if page else [],
            "following": _at(address, following) if following else None,
            "begin": plain if after else None,
            "report_href": plain.only([name for name, _ in plain.pairs], f"/links/{quote(code)}"),
        }
        self._site.show(req, resp, "clicks.html", **values)

    on_head = on_get


def _named(row: Row) -> dict[str, Any]:
    click = dict(zip(COLUMNS, row, strict=False))
    return {
        **click,
        "time": EPOCH + timedelta(milliseconds=click["time"]),
        "reasons": [reason for reason in str(click["reasons"]).split(",") if reason],
    }


def _at(address: Address, place: Place) -> Address:
    return address.with_(after=f"{place.at_ms}-{place.click_id}")


def _read_place(text: str, code: str) -> Place | None:
    """Return behind which click a page begins; None for the newest.

    Raises:
        BadQuery: it is none.
    """
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if not found:
        raise BadQuery("after", f"{text[:60]!r} is no place in the list of clicks")
    return Place(int(found[1]), found[2], code)
