"""Resource that follows short links: the definition of what a visit gets."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import falcon

from app.clicks.campaign_query import campaign_query
from app.http.networks import Networks
from app.http.request_ids import RequestIds
from app.links.codes import is_valid, parameters_behind, without_rest
from app.links.link import Link
from app.redirect.clicks.recorder import Recorder
from app.redirect.links.answers import UNKNOWN, LookupUnavailable
from app.redirect.links.click_limits import Limits
from app.redirect.links.lookup import KnownLinks
from app.redirect.pages import Pages
from app.redirect.response import Response, redirect
from app.redirect.visits.click_ids import VisitIds, id_ms
from app.redirect.visits.client_address import ClientAddress
from app.redirect.visits.count_only import CountOnly, only_counted
from app.redirect.visits.visit import FIELD_BYTES, Visit, clean, from_environ
from app.redirect.visits.xadd_encoder import XaddEncoder

logger = logging.getLogger(__name__)

PREVIEW_SIGN = "+"


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Whom a visit needs.

    Attributes:
        is_bot: tells from a user agent in UTF-8 whether a program follows the link.
        own_networks: whose visits are no people's.
        is_https: whether visitors come over HTTPS alone.
        wall_clock: Unix seconds.
        visit_ids: where visits get their clicks' ids.
        request_ids: what a request is called that is logged.
        is_only_counted: tells of which visits nothing else is kept.
    """

    lookup: KnownLinks
    click_limits: Limits
    recorder: Recorder
    encoder: XaddEncoder
    pages: Pages
    client_address: ClientAddress
    is_bot: Callable[[bytes], bool]
    own_networks: Networks = field(default_factory=lambda: Networks(()))
    is_https: bool = False
    wall_clock: Callable[[], float] = time.time
    visit_ids: VisitIds = field(default_factory=VisitIds)
    request_ids: RequestIds = field(default_factory=RequestIds)
    is_only_counted: CountOnly = field(default_factory=lambda: CountOnly("off"))


class LinkResource:
    """``/{code}``: the redirect. ``/{code}+``: where it leads.

    GET by a visitor is a click. HEAD is not, and neither is a look at where a link leads. Fetches
    ahead of a person, visits by programs and our own are clicks that don't use up a limited link.
    """

    def __init__(self, collaborators: Collaborators) -> None:
        self._with = collaborators

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Redirect, and record the click."""
        write(resp, self._visit(req, code, is_click=True))

    def on_head(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Answer as GET would, without a body or a click."""
        write(resp, self._visit(req, code, is_click=False))

    def on_options(self, _req: falcon.Request, resp: falcon.Response, code: str) -> None:  # noqa: ARG002
        """Refuse, as any method but GET and HEAD."""
        write(resp, self._with.pages.bad_method())

    def _visit(self, req: falcon.Request, code: str, *, is_click: bool) -> Response:
        behind = ""
        if not is_valid(code):
            behind, code = parameters_behind(code), without_rest(code)
        try:
            if code.endswith(PREVIEW_SIGN):
                return self._preview(without_rest(code.removesuffix(PREVIEW_SIGN)))
            found = self._live_link(code)
            if not isinstance(found, Link):
                return found
            return self._follow(req, found, behind, is_click=is_click)
        except LookupUnavailable:
            return self._with.pages.unavailable()

    def _preview(self, code: str) -> Response:
        """Show where a link leads, if following it would lead there."""
        found = self._live_link(code)
        if not isinstance(found, Link):
            return found
        limit = found.click_limit
        if limit is not None and not self._with.click_limits.are_left(found, limit):
            return self._with.pages.gone("used_up")
        return self._with.pages.preview(found)

    def _live_link(self, code: str) -> Link | Response:
        found = self._with.lookup.get(code) if is_valid(code) else UNKNOWN
        if not isinstance(found, Link):
            return self._with.pages.not_found()
        state = found.state(self._with.wall_clock())
        return found if state == "live" else self._with.pages.gone(state)

    def _follow(self, req: falcon.Request, link: Link, behind: str, *, is_click: bool) -> Response:
        visit = from_environ(req.env, self._with.client_address)
        # A path is decoded, and a query's blanks are not.
        if said := campaign_query(behind.replace(" ", "+").encode("utf-8", "replace")):
            visit = visit._replace(query=b"&".join(filter(None, (visit.query, said))))
        kept = self._kept(req, visit)
        digits = self._click_id(req, link, kept) if is_click else b""
        if link.click_limit is not None and not self._may_follow(
            link, link.click_limit, visit, digits
        ):
            return self._with.pages.gone("used_up")
        if is_click:
            self._with.recorder.record_and_wait(
                self._with.encoder.encode_visit(digits, link, id_ms(digits) // 1000, kept)
            )
        return redirect(link, req.query_string)

    def _kept(self, req: falcon.Request, visit: Visit) -> Visit:
        dnt = req.env.get("HTTP_DNT", "").encode("latin-1")
        if self._with.is_only_counted(visit.gpc, dnt):
            return only_counted(visit, self._with.is_bot)
        return visit

    def _click_id(self, req: falcon.Request, link: Link, visit: Visit) -> bytes:
        """Return the id of the visit's click in hexadecimal digits."""
        get = req.env.get
        return self._with.visit_ids.of(
            int(self._with.wall_clock() * 1000),
            get("REMOTE_ADDR", ""),
            get("HTTP_X_REQUEST_ID", "").encode("latin-1"),
            get("HTTP_X_REQUEST_START", "").encode("latin-1"),
            link.code.encode(),
            visit.ip,
            visit.user_agent,
        )

    def _may_follow(self, link: Link, limit: int, visit: Visit, digits: bytes) -> bool:
        if digits and not self._is_no_person(visit):
            return self._with.click_limits.spend(link, limit, bytes.fromhex(digits.decode()))
        return self._with.click_limits.are_left(link, limit)

    def _is_no_person(self, visit: Visit) -> bool:
        return (
            bool(visit.own)
            or visit.is_ahead_of_person
            or self._with.own_networks.have(visit.ip.decode("latin-1"))
            or self._with.is_bot(clean(visit.user_agent, FIELD_BYTES[b"user_agent"]))
        )


def write(resp: falcon.Response, answer: Response) -> None:
    """Answer a Falcon request."""
    resp.status = answer.status_line
    for name, value in answer.headers:
        resp.set_header(name, value)
    resp.data = answer.body
