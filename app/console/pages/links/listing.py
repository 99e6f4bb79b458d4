"""Page that lists links: searched as typed, filtered by tags and state, with their clicks."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import falcon

from app.console.api.links.bulk.exports import CRITERIA, EXPORT_PATH
from app.console.api.links.models import STATES
from app.console.api.links.paging import read_cursor, read_question, write_cursor
from app.console.api.rights import Rights, caller_of
from app.console.pages.reports.chart import sparkline
from app.console.pages.reports.desk import ReportDesk, Told
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.links.index.finder import Finder
from app.links.index.index import Hit
from app.links.index.question import Question, Sort
from app.links.link import State
from app.links.store import LinkStore
from app.reports.answer import Share
from app.reports.query import Preset, Query
from app.times import EPOCH

PATH = "/links"
_LIMIT = 50
#: What a chip says before a tag, by the parameter that names it.
TAGS: Mapping[str, str] = {"tag": "tag", "tag_all": "with tag", "tag_none": "without tag"}
#: What an order is called, by its parameter.
ORDERS: Mapping[Sort, str] = {
    "created_at": "newest first",
    "last_click_at": "last clicked first",
    "clicks": "most clicks ever first",
    "code": "in order of code",
}
#: Parameters that say which links are looked for.
_ASKED = ("q", *TAGS, "state", "sort", "order", "cursor")
#: Of which time the list tells clicks.
PERIOD: Preset = "30d"
#: Size of the line of a link's days.
SPARK_WIDTH, SPARK_HEIGHT = 120, 24


class LinkListPage:
    """Lists links."""

    rights: ClassVar[Rights] = {"GET": "links:read"}

    def __init__(self, site: Site, desk: ReportDesk, links: LinkStore, finder: Finder) -> None:
        self._site = site
        self._desk = desk
        self._links = links
        self._finder = finder

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        address = Address.read(PATH, req.query_string)
        params = {name: address.first(name) for name in _ASKED if address.first(name)}
        question = read_question(params, caller_of(req).tags)
        now, after = self._site.now(), read_cursor(params, question)
        found = self._finder.find(question, limit=_LIMIT, now=now.timestamp(), after=after)
        told = self._clicks(req, [hit.link.code for hit in found.hits], now)
        cursor = write_cursor(question, found.after) if found.after else None
        values: Mapping[str, Any] = {
            "rows": [self._row(hit, told, now) for hit in found.hits],
            "told": told,
            "utc": UTC,
            "states": STATES,
            "following": address.with_(cursor=cursor) if cursor else None,
            "begin": address.with_(cursor=None) if params.get("cursor") else None,
            "q": params.get("q", ""),
            "tags": {name: params.get(name, "") for name in TAGS},
            "chips": _chips(address, params, question),
            "sorts": ORDERS,
            "sort": question.sort,
            "state": params.get("state", ""),
            "is_searched": any(params.get(name) for name in ("q", *TAGS, "state")),
            "total": self._links.links.count() if not caller_of(req).tags else None,
            "export": address.only(CRITERIA, EXPORT_PATH).with_(format="csv"),
            "done": address.first("done"),
        }
        self._site.show(req, resp, "links.html", **values)

    on_head = on_get

    def _clicks(self, req: falcon.Request, codes: list[str], now: datetime) -> Told:
        """Return what people clicked of these links; who sees no reports gets none."""
        if not codes or not caller_of(req).may("stats:read"):
            return Told(None)
        query = Query(
            codes=tuple(sorted(codes)),
            period=PERIOD,
            by=("link",),
            metrics=("humans",),
            limit=len(codes),
            interval="day",
        )
        return self._desk.ask(req, query, now, has_timelines=True)

    def _row(self, hit: Hit, told: Told, now: datetime) -> dict[str, Any]:
        link = hit.link
        state: State = link.state(now.timestamp(), hit.uses)
        shares: Mapping[str, Share] = {}
        if told.answer:
            shares = {share.name: share for share in told.answer.breakdowns[0].top}
        longest = max((share.clicks for share in shares.values()), default=0)
        share = shares.get(link.code)
        clicks = share.clicks if share else 0
        return {
            "link": link,
            "uses": hit.uses,
            "state": state,
            "clicks": clicks if told.answer else None,
            "part": clicks / longest if longest else 0.0,
            "points": sparkline(share.timeline, SPARK_WIDTH, SPARK_HEIGHT) if share else "",
            "ever": hit.clicks,
            "last_click": EPOCH + timedelta(milliseconds=hit.last_click_ms),
            "busiest": max(share.timeline, default=0) if share else 0,
        }


def _chips(address: Address, params: Mapping[str, str], question: Question) -> list[dict[str, Any]]:
    """Return what the list is narrowed to and ordered by, each with the list without it."""
    plain = address.with_(cursor=None, done=None)
    chips = [(f"contains {params['q']}", plain.with_(q=None))] if "q" in params else []
    for name, tags in zip(
        TAGS, (question.any_tags, question.all_tags, question.no_tags), strict=True
    ):
        for tag in tags:
            others = ",".join(each for each in tags if each != tag)
            chips.append((f"{TAGS[name]} {tag}", plain.with_(**{name: others})))
    if question.state:
        chips.append((question.state.replace("_", " "), plain.with_(state=None)))
    if question.sort != "created_at" or "order" in params:
        order = " (ascending)" if params.get("order") == "asc" else ""
        chips.append((ORDERS[question.sort] + order, plain.with_(sort=None, order=None)))
    return [{"text": text, "without": without} for text, without in chips]
