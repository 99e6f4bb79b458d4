"""Short URLs: listed by pages, and made."""

from typing import ClassVar

import falcon

from app.console.api.rights import Rights, caller_of
from app.console.shlink.protocol.bodies import Creation, read_body, read_creation
from app.console.shlink.protocol.listing import Listing, read_listing
from app.console.shlink.protocol.problems import InvalidData, ShlinkProblem
from app.console.shlink.speaking import Speaking
from app.links import codes
from app.links.link import CodeTaken, CorruptLink, Link
from app.links.making import make
from app.links.numbered import (
    LOOKED_AT,
    Page,
    TooManyLinks,
    all_newest,
    find_same,
    matching,
    page_of,
)
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.unique import make_once
from app.reports.reading.counts import ClickCount, counts_by_link

_FORMS = (falcon.MEDIA_JSON, "text/plain")
#: Links that are ordered by their visits, each of which has to be counted.
_COUNTED = 10_000


class ShortUrls(Speaking):
    """All short URLs."""

    rights: ClassVar[Rights] = {"GET": "links:read", "POST": "links:write"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List short URLs."""
        listing = read_listing(req, self.is_ours)
        if listing.is_empty:
            page = Page((), 0)
        elif listing.is_whole and not caller_of(req).tags:
            page = all_newest(
                self.links, size=listing.numbering.size, skipped=listing.numbering.skipped
            )
        else:
            page = self._page(req, listing)
        pagination = listing.numbering.describe(len(page.links), page.total)
        if page.is_bounded:
            pagination["bound"] = LOOKED_AT
        resp.media = {"shortUrls": {"data": self.shown(req, page.links), "pagination": pagination}}

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a short URL, or find one that is there where that will do."""
        wanted = read_creation(read_body(req), self.now(), self.is_ours)
        links, only = self.as_caller(req, "shlink"), Precondition(tags=caller_of(req).tags)
        if wanted.is_found and wanted.is_plain:
            link, _ = make_once(links, wanted.options, only=only)
        else:
            found = self._found(links, wanted, only) if wanted.is_found else None
            link = found or _made(links, wanted, only)
        if req.get_param("format") == "txt" or req.client_prefers(_FORMS) == _FORMS[1]:
            resp.text = self.short_url(link)
            resp.content_type = falcon.MEDIA_TEXT
        else:
            [resp.media] = self.shown(req, [link])

    def _page(self, req: falcon.Request, listing: Listing) -> Page:
        """Return a page of links that have to be looked at."""
        caller, now = caller_of(req), self.clock()

        def is_listed(link: Link, uses: int) -> bool:
            return caller.sees(link.tags) and listing.match(link, uses, now)

        found = matching(self.links, is_listed, tag=listing.narrowest(caller.tags))
        key = listing.key
        if listing.is_by_visits:
            counts = self._counted(req, [link.code for link in found.links])

            def key(link: Link) -> int:
                count = counts.get(link.code, ClickCount())
                return count.humans if listing.field == "nonBotVisits" else count.clicks

        return page_of(
            found,
            size=listing.numbering.size,
            skipped=listing.numbering.skipped,
            key=key,
            is_falling=listing.is_falling,
        )

    def _counted(self, req: falcon.Request, found: list[str]) -> dict[str, ClickCount]:
        if len(found) > _COUNTED:
            raise InvalidData(
                {"orderBy": f"{len(found)} short URLs are too many to count, at most {_COUNTED} do"}
            )
        now = self.now()
        return dict(
            self.compute(req, tuple(found), lambda: counts_by_link(self.reports, found, now))
        )

    def _found(self, links: LinkStore, wanted: Creation, only: Precondition) -> Link | None:
        """Return the link that is there already as it is wanted; None where there is none."""
        draft = links.draft(wanted.options, code=wanted.code)
        if wanted.code is None:
            try:
                return find_same(links, draft, wanted.given, lambda link, _: only.concerns(link))
            except TooManyLinks as error:
                raise InvalidData({"findIfExists": str(error)}) from None
        held = links.peek([wanted.code])[0]
        if held is None:
            return None
        try:
            link = links.get(wanted.code)
        except CorruptLink:
            return None
        names = ("target", *wanted.given)
        is_same = all(getattr(link, name) == getattr(draft, name) for name in names)
        return link if is_same and only.concerns(link) and not link.deleted else None


def _made(links: LinkStore, wanted: Creation, only: Precondition) -> Link:
    """Return a new link.

    Raises:
        ShlinkProblem: the chosen code is not free.
    """
    chosen = wanted.code
    code = chosen if chosen or not wanted.length else codes.random_code(wanted.length)
    link = links.draft(wanted.options, code=code)
    only.require_after(link)
    try:
        return make(links, link, is_chosen=chosen is not None)
    except CodeTaken:
        raise ShlinkProblem(
            "non-unique-slug", f'Provided slug "{link.code}" is already in use.', customSlug=chosen
        ) from None
