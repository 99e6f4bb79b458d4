"""Table of the pages, and where they are."""

from collections.abc import Callable
from typing import NamedTuple

from app.changes.trail import Trail
from app.config.settings import Settings
from app.console.api.clicks.single import ExplainedClick
from app.console.api.report_limiter import ReportLimiter
from app.console.pages.links.bulk import PATH as BULK
from app.console.pages.links.bulk import BulkPage
from app.console.pages.links.checking import PATH as CHECK
from app.console.pages.links.checking import CheckedForm
from app.console.pages.links.clicks import PATH as CLICKS
from app.console.pages.links.clicks import ClickListPage
from app.console.pages.links.explained import PATH as CLICK
from app.console.pages.links.explained import ClickPage
from app.console.pages.links.importing import PATH as IMPORT
from app.console.pages.links.importing import ImportPage
from app.console.pages.links.listing import PATH as LIST
from app.console.pages.links.listing import LinkListPage
from app.console.pages.links.making import PATH as NEW_LINK
from app.console.pages.links.making import NewLinkPage
from app.console.pages.links.shared import PATH as SHARED_REPORT
from app.console.pages.links.shared import SharedReport
from app.console.pages.links.single import PATH as LINK
from app.console.pages.links.single import LinkPage
from app.console.pages.operations.changes import PATH as AUDIT
from app.console.pages.operations.changes import ChangesPage
from app.console.pages.operations.keys import PATH as KEYS
from app.console.pages.operations.keys import KeysPage
from app.console.pages.operations.system import PATH as SYSTEM
from app.console.pages.operations.system import SystemPage
from app.console.pages.operations.webhooks import (
    DELIVERY_PATH,
    DeliveryPage,
    WebhookPage,
    WebhooksPage,
)
from app.console.pages.operations.webhooks import ONE_PATH as WEBHOOK
from app.console.pages.operations.webhooks import PATH as WEBHOOKS
from app.console.pages.overview import PATH, Overview
from app.console.pages.questions.bots import PATH as BOTS
from app.console.pages.questions.bots import BotsPage
from app.console.pages.questions.explore import PATH as EXPLORE
from app.console.pages.questions.explore import ExplorePage
from app.console.pages.questions.live import PATH as LIVE
from app.console.pages.questions.live import LivePage
from app.console.pages.questions.tags import PATH as TAGS
from app.console.pages.questions.tags import TagsPage
from app.console.pages.reports.desk import ReportDesk
from app.console.pages.reports.ledger import LedgerBadge
from app.console.pages.signing import SignIn, SignOut
from app.console.pages.site import assets as files
from app.console.pages.site.browser import SIGN_IN, SIGN_OUT
from app.console.pages.site.rendering import Site
from app.dead_letters.shards import AllDeadLetters
from app.health.system.system import System
from app.keys.authenticator import Authenticator
from app.keys.sessions import Sessions
from app.keys.store import KeyStore
from app.links.index.finder import Finder
from app.links.shares import Shares
from app.links.store import LinkStore
from app.links.tags import Tags
from app.reports.reading.reader import Reports
from app.stores.clickhouse.shards import ClickHouseConnection
from app.webhooks.deliveries import Deliveries
from app.webhooks.store import WebhookStore


class Stores(NamedTuple):
    """What pages show and change in Redis."""

    links: LinkStore
    tags: Tags
    trail: Trail
    keys: KeyStore
    letters: AllDeadLetters
    shares: Shares
    finder: Finder
    webhooks: WebhookStore
    deliveries: Deliveries


class Page(NamedTuple):
    """A path, and the resource that answers there."""

    path: str
    resource: object


class Pages(NamedTuple):
    """All pages, and the site that renders them."""

    site: Site
    pages: tuple[Page, ...]


class Parts(NamedTuple):
    """What pages are made of.

    Attributes:
        limiter: of the requests for reports.
        link_base: what stands before a code in a short URL.
        ledger: whether every click is in its place.
        settings: of which pages show some.
        connection: makes a connection to ClickHouse.
        explained: tells what is known of a click.
    """

    reports: Reports
    limiter: ReportLimiter
    stores: Stores
    link_base: str
    authenticator: Authenticator
    sessions: Sessions
    ledger: LedgerBadge
    settings: Settings
    connection: Callable[[], ClickHouseConnection]
    system: System
    explained: ExplainedClick


def page_routes(parts: Parts) -> Pages:
    """Return the pages."""
    assets, stores = files.Assets(), parts.stores
    links, told = stores.links, (stores.webhooks, stores.deliveries)
    site = Site(assets, parts.link_base)
    desk = ReportDesk(parts.reports, links, parts.limiter)
    pages = (
        Page(PATH, Overview(site, desk, links, parts.ledger)),
        Page(LIST, LinkListPage(site, desk, links, stores.finder)),
        Page(BULK, BulkPage(site, links)),
        Page(CHECK, CheckedForm(site, links)),
        Page(IMPORT, ImportPage(site, links)),
        Page(CLICKS, ClickListPage(site, desk, links, parts.connection)),
        Page(CLICK, ClickPage(site, parts.explained)),
        Page(LINK, LinkPage(site, desk, links, stores.trail, stores.shares, parts.ledger)),
        Page(SHARED_REPORT, SharedReport(site, desk, links, stores.shares)),
        Page(NEW_LINK, NewLinkPage(site, links)),
        Page(TAGS, TagsPage(site, desk, stores.tags)),
        Page(EXPLORE, ExplorePage(site, desk)),
        Page(LIVE, LivePage(site, desk)),
        Page(BOTS, BotsPage(site, desk, parts.settings)),
        Page(SYSTEM, SystemPage(site, parts.system, stores.letters, stores.trail)),
        Page(KEYS, KeysPage(site, stores.keys)),
        Page(WEBHOOKS, WebhooksPage(site, *told)),
        Page(WEBHOOK, WebhookPage(site, *told)),
        Page(DELIVERY_PATH, DeliveryPage(site, *told)),
        Page(AUDIT, ChangesPage(site, stores.trail)),
        Page(SIGN_IN, SignIn(site, parts.authenticator, parts.sessions)),
        Page(SIGN_OUT, SignOut(site, parts.sessions)),
        Page(files.PATH, assets),
    )
    return Pages(site, pages)
