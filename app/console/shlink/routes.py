"""Table of the routes of Shlink's interface."""

from collections.abc import Iterator, Mapping

from app.console.api.openapi import Route
from app.console.shlink.protocol.paths import PREFIX, VERSIONS
from app.console.shlink.server import DomainRedirects, Domains, Health, MercureInfo
from app.console.shlink.short_url import RedirectRules, ShortUrl
from app.console.shlink.short_urls import ShortUrls
from app.console.shlink.speaking import Installation
from app.console.shlink.tags import TagNames, TagsStats
from app.console.shlink.visits import (
    AllVisits,
    DomainVisits,
    OrphanVisits,
    ShortUrlVisits,
    TagVisits,
    VisitsOverview,
)


def shlink_routes(installation: Installation) -> Iterator[Route]:
    """Yield all routes; those of versions 1 and 2 lead where those of version 3 do."""
    yield Route(f"{PREFIX}health", Health(installation))
    for path, resource in _resources(installation).items():
        for version in VERSIONS:
            yield Route(f"{PREFIX}v{version}/{path}", resource)


def _resources(installation: Installation) -> Mapping[str, object]:
    return {
        "short-urls": ShortUrls(installation),
        "short-urls/{code}": ShortUrl(installation),
        "short-urls/{code}/visits": ShortUrlVisits(installation),
        "short-urls/{code}/redirect-rules": RedirectRules(installation),
        "visits": VisitsOverview(installation),
        "visits/orphan": OrphanVisits(installation),
        "visits/non-orphan": AllVisits(installation),
        "tags": TagNames(installation),
        "tags/stats": TagsStats(installation),
        "tags/{tag}/visits": TagVisits(installation),
        "domains": Domains(installation),
        "domains/redirects": DomainRedirects(installation),
        "domains/{domain}/visits": DomainVisits(installation),
        "mercure-info": MercureInfo(),
        "health": Health(installation),
    }
