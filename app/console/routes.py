"""Table of the routes of /api/v1, what is served and what the interface's document tells of."""

from typing import NamedTuple

from app.changes.trail import Trail
from app.console.api.changes import CHANGES, Changes
from app.console.api.changes import PATH as CHANGES_PATH
from app.console.api.idempotency import KeptAnswers
from app.console.api.keys import (
    KEYS,
    REVOKE,
    REVOKE_PATH,
    ROTATE,
    ROTATE_PATH,
    Keys,
    Revoke,
    Rotate,
)
from app.console.api.keys import PATH as KEYS_PATH
from app.console.api.links import operations
from app.console.api.links.bulk.changes import BULK, BULK_PATH, Bulk
from app.console.api.links.bulk.exports import EXPORT, EXPORT_PATH, Export
from app.console.api.links.bulk.imports import IMPORT, IMPORT_PATH, Import
from app.console.api.links.bulk.tags import ONE_TAG, TAG_PATH, TAGS, AllTags, OneTag
from app.console.api.links.bulk.tags import PATH as TAGS_PATH
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.collection import Links
from app.console.api.links.history import HISTORY_PATH, RESTORE_PATH, LinkHistory, Restore
from app.console.api.links.qr import QrImage
from app.console.api.links.showing import LINK_PATH, LINKS_PATH
from app.console.api.links.single import OneLink, Switch
from app.console.api.me import ME, Me
from app.console.api.me import PATH as ME_PATH
from app.console.api.openapi import PATH as DOCUMENT_PATH
from app.console.api.openapi import OpenApi, Route
from app.console.api.report_limiter import ReportLimiter
from app.console.api.stats import (
    ANY_STATS,
    LINK_STATS,
    QUERY_PATH,
    QUERY_STATS,
    AnyStats,
    LinkStats,
    QueryStats,
)
from app.keys.store import KeyStore
from app.links.index.finder import Finder
from app.links.store import LinkStore
from app.links.tags import Tags
from app.reports.reading.reader import Reports
from app.reports.spellings import LINK_PATH as LINK_STATS_PATH
from app.reports.spellings import PATH as STATS_PATH


class OfLinks(NamedTuple):
    """What knows links: the store, their tags, who finds them, and the turns of bulks."""

    store: LinkStore
    tags: Tags
    finder: Finder
    turns: Turns


def api_routes(
    reports: Reports,
    limiter: ReportLimiter,
    held: OfLinks,
    link_base: str,
    answers: KeptAnswers,
    trail: Trail,
    keys: KeyStore,
    *more: Route,
) -> list[Route]:
    """Return the routes of /api/v1.

    Args:
        limiter: of the requests for reports.
        held: the links.
        link_base: what stands before a code in a short URL.
        answers: to requests with an Idempotency-Key.
        trail: of the changes.
        keys: of those who ask.
        more: routes of rooms that bring their own.
    """
    links, tags, finder, turns = held
    disable, enable = (Switch(links, link_base, disabled=disabled) for disabled in (True, False))
    routes = [
        Route(LINKS_PATH, Links(links, link_base, answers, finder), operations.LINKS),
        Route(LINK_PATH, OneLink(links, link_base), operations.ONE_LINK),
        Route(f"{LINK_PATH}/disable", disable, operations.SWITCH),
        Route(f"{LINK_PATH}/enable", enable, operations.SWITCH),
        Route(f"{LINK_PATH}/qr.svg", QrImage(links, link_base, "svg"), operations.QR_SVG),
        Route(f"{LINK_PATH}/qr.png", QrImage(links, link_base, "png"), operations.QR_PNG),
        Route(HISTORY_PATH, LinkHistory(links, link_base, trail), operations.HISTORY),
        Route(RESTORE_PATH, Restore(links, link_base, trail), operations.RESTORE),
        Route(IMPORT_PATH, Import(links, link_base, turns), IMPORT),
        Route(BULK_PATH, Bulk(links, link_base, turns, finder), BULK),
        Route(EXPORT_PATH, Export(links, link_base, turns, finder), EXPORT),
        Route(TAGS_PATH, AllTags(tags, links, reports, limiter), TAGS),
        Route(TAG_PATH, OneTag(tags, links, turns), ONE_TAG),
        Route(LINK_STATS_PATH, LinkStats(reports, links, limiter), LINK_STATS),
        Route(STATS_PATH, AnyStats(reports, links, limiter), ANY_STATS),
        Route(QUERY_PATH, QueryStats(reports, links, limiter), QUERY_STATS),
        Route(CHANGES_PATH, Changes(trail), CHANGES),
        Route(KEYS_PATH, Keys(keys, answers), KEYS),
        Route(REVOKE_PATH, Revoke(keys), REVOKE),
        Route(ROTATE_PATH, Rotate(keys), ROTATE),
        Route(ME_PATH, Me(), ME),
        *more,
    ]
    return [*routes, Route(DOCUMENT_PATH, OpenApi(routes))]
