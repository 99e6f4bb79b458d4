"""Page of one link: its settings, its figures, what a visitor gets, and what it was before."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import quote

import falcon

from app.changes.trail import Trail
from app.console.api.rights import Rights, author_of, caller_of
from app.console.pages.links.fields import STATUSES, LinkForm
from app.console.pages.links.making import VIA
from app.console.pages.links.visitor import visitor_gets
from app.console.pages.reports.cards import BOTS, DEVICES, PLACES, SOURCES, TARGETS
from app.console.pages.reports.chart import Chart, Mark, marks_of
from app.console.pages.reports.desk import ReportDesk, Told
from app.console.pages.reports.ledger import LedgerBadge
from app.console.pages.reports.panels import SCOPE, read_asked, report_values
from app.console.pages.site.address import Address
from app.console.pages.site.browser import SHARED
from app.console.pages.site.rendering import Site, see_other
from app.links.history import History, Version
from app.links.link import Link, LinkChanged, LinkDeleted, version
from app.links.precondition import Precondition
from app.links.shares import ShareNotFound, Shares, TooManyShares
from app.links.store import LinkStore
from app.links.validation import NOTHING, InvalidLink
from app.reports.query import BadQuery

PATH = "/links/{code}"
_CARDS = (SOURCES, PLACES, DEVICES, BOTS, TARGETS)
#: Versions that the page shows.
_VERSIONS = 10
#: Versions whose targets its chart marks.
_MARKED = 200


class LinkPage:
    """Shows a link, and changes it by what its form says."""

    rights: ClassVar[Rights] = {"GET": "links:read", "POST": "links:write"}

    def __init__(
        self,
        site: Site,
        desk: ReportDesk,
        links: LinkStore,
        trail: Trail,
        shares: Shares,
        ledger: LedgerBadge,
    ) -> None:
        self._ledger = ledger
        self._site = site
        self._desk = desk
        self._links = links
        self._trail = trail
        self._shares = shares

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Answer GET."""
        link = self._seen(req, code)
        self._show(req, resp, link, LinkForm.of(link))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Change the link, switch it, delete it, or restore what it was.

        Raises:
            falcon.HTTPSeeOther: it is done.
        """
        fields = self._site.form(req)
        act = "".join(fields.get("act", ["save"])[:1])
        form = LinkForm.sent(fields)
        versions = fields.get("version")
        only = Precondition(versions=versions, tags=caller_of(req).tags)
        if act == "share" or act.startswith("unshare:"):
            self._share(req, resp, self._seen(req, code), act)
            return
        try:
            self._act(req, code, act, form, only)
        except InvalidLink as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, self._seen(req, code), form, error.faults)
            return
        except LinkChanged as error:
            resp.status = falcon.HTTP_412
            faults = {"meanwhile": f"{error}; look at what it is now, below, and save again"}
            self._show(req, resp, self._seen(req, code), form, faults)
            return
        raise see_other(
            "/links?done=" + quote(f"/{code} was deleted.") if act == "delete" else _of(code, act)
        )

    def _act(
        self, req: falcon.Request, code: str, act: str, form: LinkForm, only: Precondition
    ) -> None:
        links = self._links.by(author_of(req, VIA))
        if act == "delete":
            links.delete(code, only=only)
        elif act in ("disable", "enable"):
            links.update(code, {"disabled": act == "disable"}, only=only)
        elif act.startswith("restore:"):
            History(links, self._trail).restore(code, act.partition(":")[2], only)
        else:
            links.update(code, form.options, only=only)

    def _share(self, req: falcon.Request, resp: falcon.Response, link: Link, act: str) -> None:
        """Make a public address of the link's report, which is shown once, or take one back.

        Raises:
            falcon.HTTPForbidden: whoever asks may not see reports.
            falcon.HTTPSeeOther: it is taken back.
        """
        if not caller_of(req).may(SCOPE):
            raise falcon.HTTPForbidden(description=f"This takes a key with the scope {SCOPE}.")
        author = author_of(req, VIA)
        if act == "share":
            try:
                _, secret = self._shares.add(link.code, author)
            except TooManyShares as error:
                resp.status = falcon.HTTP_409
                self._show(req, resp, link, LinkForm.of(link), {"share": str(error)})
                return
            address = f"{req.prefix}{SHARED}{quote(link.code)}/{secret}"
            self._show(req, resp, link, LinkForm.of(link), shared=address)
            return
        # Whoever presses twice has it taken back, too.
        with suppress(ShareNotFound):
            self._shares.revoke(link.code, act.partition(":")[2], author)
        raise see_other(_of(link.code, "unshare"))

    def _seen(self, req: falcon.Request, code: str) -> Link:
        link = self._links.get(code)
        if link.deleted:
            raise LinkDeleted(f"the link {code!r} was deleted")
        Precondition(tags=caller_of(req).tags).require_before(link)
        return link

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        link: Link,
        form: LinkForm,
        faults: Mapping[str, str] = NOTHING,
        shared: str = "",
    ) -> None:
        address, now = Address.read(req.path, req.query_string), self._site.now()
        uses, found = self._links.uses(link), self._history(req, link)
        state = link.state(now.timestamp(), uses)
        values: dict[str, Any] = {
            "link": link,
            "link_version": version(link),
            "uses": uses,
            "state": state,
            "form": form.texts,
            "faults": faults,
            "statuses": STATUSES,
            "made": address.first("made") == link.code,
            "done": address.first("done"),
            "gets": visitor_gets(link, state),
            "qr": f"/api/v1/links/{quote(link.code)}/qr",
            "history": [_told(each, is_now=each is found[0]) for each in found[:_VERSIONS]],
            "shares": self._shares.of(link.code),
            "shared": shared,
        }
        if not caller_of(req).may(SCOPE):
            self._site.show(req, resp, "link.html", has_report=False, **values)
            return
        plain = address.with_(made=None, done=None)
        try:
            asked = read_asked(req, resp, plain, _CARDS, now, codes=(link.code,))
        except BadQuery as error:
            resp.status = falcon.HTTP_400
            self._site.show(req, resp, "bad_query.html", error=error, plain=req.path)
            return
        told = self._desk.ask(req, asked.query, now)
        report = report_values(plain, _CARDS, asked, told)
        marks = _marks(told, report["chart"], found)
        values |= {**report, "marks": marks, "ledger": self._ledger.check()}
        self._site.show(req, resp, "link.html", has_report=True, **values)

    def _history(self, req: falcon.Request, link: Link) -> tuple[Version, ...]:
        only = Precondition(tags=caller_of(req).tags)
        return History(self._links, self._trail).page(link.code, limit=_MARKED, only=only).versions


def _told(found: Version, *, is_now: bool) -> dict[str, Any]:
    return {
        "id": found.id,
        "made_ms": found.made_ms,
        "link": found.link,
        "change": found.change,
        "is_now": is_now,
    }


def _marks(told: Told, chart: Chart | None, found: Sequence[Version]) -> dict[int, list[Mark]]:
    """Return where the link's target changed in a report's time."""
    if not chart or not told.answer:
        return {}
    changes = [
        (each.made_ms, each.link.target)
        for each in found
        if each.change and {"target"} <= each.change.before.keys() & each.change.after.keys()
    ]
    return marks_of(chart, told.answer.period.until or told.answer.source.as_of, changes)


def _of(code: str, act: str) -> str:
    words = {
        "disable": "Disabled.",
        "enable": "Enabled.",
        "unshare": "Taken back: the address shows nothing any more.",
    }
    text = words.get(act, "Restored." if act.startswith("restore:") else "Saved.")
    return f"/links/{quote(code)}?done={quote(text)}"
