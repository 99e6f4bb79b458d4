"""Table of the pages, and where they are."""

from typing import NamedTuple

from app.changes.trail import Trail
from app.console.api.report_limiter import ReportLimiter
from app.console.pages.links.bulk import PATH as BULK
from app.console.pages.links.bulk import BulkPage
from app.console.pages.links.listing import PATH as LIST
from app.console.pages.links.listing import LinkListPage
from app.console.pages.links.making import PATH as NEW_LINK
from app.console.pages.links.making import NewLinkPage
from app.console.pages.links.single import PATH as LINK
from app.console.pages.links.single import LinkPage
from app.console.pages.overview import PATH, Overview
from app.console.pages.reports.desk import ReportDesk
from app.console.pages.reports.ledger import LedgerBadge
from app.console.pages.signing import SignIn, SignOut
from app.console.pages.site import assets as files
from app.console.pages.site.browser import SIGN_IN, SIGN_OUT
from app.console.pages.site.rendering import Site
from app.keys.authenticator import Authenticator
from app.keys.sessions import Sessions
from app.links.store import LinkStore
from app.reports.reading.reader import Reports


class Page(NamedTuple):
    """A path, and the resource that answers there."""

    path: str
    resource: object


class Pages(NamedTuple):
    """All pages, and the site that renders them."""

    site: Site
    pages: tuple[Page, ...]


def page_routes(
    reports: Reports,
    limiter: ReportLimiter,
    links: LinkStore,
    link_base: str,
    authenticator: Authenticator,
    sessions: Sessions,
    ledger: LedgerBadge,
    trail: Trail,
) -> Pages:
    """Return the pages; arguments are as those of :func:`app.console.routes.api_routes`."""
    assets = files.Assets()
    site = Site(assets, link_base)
    desk = ReportDesk(reports, links, limiter)
    pages = (
        Page(PATH, Overview(site, desk, links, ledger)),
        Page(LIST, LinkListPage(site, desk, links)),
        Page(BULK, BulkPage(site, links)),
        Page(LINK, LinkPage(site, desk, links, trail)),
        Page(NEW_LINK, NewLinkPage(site, links)),
        Page(SIGN_IN, SignIn(site, authenticator, sessions)),
        Page(SIGN_OUT, SignOut(site, sessions)),
        Page(files.PATH, assets),
    )
    return Pages(site, pages)
