"""The console over any stores, as tests ask it."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NoReturn

import falcon.testing
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from app.changes.trail import Trail
from app.config.access import HostNames
from app.config.settings import Settings
from app.console.api.clicks.routes import click_routes, explained_click
from app.console.api.idempotency import KeptAnswers
from app.console.api.links.bulk.turns import Turns
from app.console.api.openapi import Route
from app.console.api.report_limiter import ReportLimiter
from app.console.api.system import doctor_route
from app.console.api.webhooks.routes import webhook_routes
from app.console.app import create_app
from app.console.cross_origin import cross_origin
from app.console.health_endpoints import Ready
from app.console.middleware import BearerAuth, KnownHosts
from app.console.pages.routes import Parts, Stores, page_routes
from app.console.rates.limiter import RateLimiter, quotas
from app.console.routes import OfLinks, api_routes
from app.console.shlink.routes import shlink_routes
from app.console.shlink.speaking import Installation
from app.console.yourls.resource import yourls_route
from app.health.check import Check, ok
from app.http.request_ids import RequestIds
from app.keys.authenticator import Authenticator
from app.keys.key import ApiKey
from app.keys.lookup import KeyLookup
from app.keys.sessions import Sessions
from app.keys.store import KeyNotFound
from app.links.index.finder import Finder
from app.links.shares import Shares
from app.links.tags import Tags
from app.metrics.console import ConsoleMetrics
from app.stores.clickhouse.shards import ClickHouseConnection
from app.webhooks.deliveries import Deliveries
from app.webhooks.store import WebhookStore
from app.webhooks.terms import Terms

SHORT = "https://go.example"
TOKEN = "sixteen-characters-and-more"


@cache
def _defaults() -> Settings:
    """Return the settings of nobody's environment but that of the first who asks."""
    return Settings()


class _Balanced:
    """A ledger's badge whose workers have just looked."""

    def check(self) -> Check:
        return ok("ledger", "balanced 3 s ago")


BALANCED: Any = _Balanced()


class Broken:
    """A store that answers everything with the same exception."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> None:
            raise self.error

        return fail


class NoKeys:
    """A store of API keys in which nothing was ever put."""

    def has_any(self) -> bool:
        return False

    def all(self) -> list[ApiKey]:
        return []

    def get(self, key_id: str) -> NoReturn:
        raise KeyNotFound(key_id)


class OwnCounter:
    """A counter of one process alone, whose windows never end."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, str], int] = {}

    def add(self, policy: str, caller: str, requests: int, window_seconds: int) -> tuple[int, int]:
        count = self.counted[policy, caller] = self.counted.get((policy, caller), 0) + requests
        return count, window_seconds * 1000


class OwnMetrics:
    """Shows one process, without a directory that several share."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def render(self, accept: str) -> tuple[bytes, str]:
        encoder, media_type = choose_encoder(accept)
        return encoder(self.registry), media_type


def client_of(
    reports: Any,
    links: Any,
    token: str | None = None,
    metrics_token: str | None = None,
    hosts: tuple[str, ...] = ("falconframework.org",),
    keys: Any = None,
    trail: Any = None,
    index: Any = None,
    *,
    origins: Iterable[str] = (),
    limits: RateLimiter | None = None,
    more: Iterable[Route] = (),
    headers: dict[str, str] | None = None,
    is_unique: bool = True,
    letters: Any = None,
    system: Any = None,
    explained: Any = None,
    settings: Settings | None = None,
) -> falcon.testing.TestClient:
    pings = {"redis": links.ping, "clickhouse": reports.ping}
    registry = CollectorRegistry()
    metrics = ConsoleMetrics(registry)
    sessions = Sessions(links._client, "")
    authenticator = Authenticator(KeyLookup(keys or NoKeys()), token, metrics_token)
    guards = (
        KnownHosts(HostNames(hosts, "127.0.0.1:8081"), "HOPLINE_CONSOLE_HOSTS"),
        *cross_origin(origins),
        BearerAuth(authenticator, sessions),
    )
    request_ids = RequestIds(["127.0.0.1/32"])
    limiter = ReportLimiter(_defaults(), metrics)
    answers = KeptAnswers(links._client, "")
    tags = Tags(links._client, "", links)
    hooks = (
        WebhookStore(links._client, "", Terms()),
        Deliveries(links._client, "", 172_800, 1 << 20),
    )
    told = webhook_routes(*hooks)
    of_links = OfLinks(links, tags, Finder(links, index), Turns())
    routes = api_routes(reports, limiter, of_links, SHORT, answers, trail, keys, *told, *more)
    rates = limits or RateLimiter(OwnCounter(), quotas(_defaults()))
    counted = (rates, metrics)
    foreign = yourls_route(
        reports, limiter, links, SHORT, authenticator, counted, is_unique=is_unique
    )

    def connection() -> Any:
        return reports if isinstance(reports, Broken) else ClickHouseConnection(reports._url, 30)

    shlink = shlink_routes(Installation(links, SHORT, reports, limiter, tags))
    changes = trail or Trail(links._client, "")
    app = create_app(
        [*routes, foreign, *shlink],
        page_routes(
            Parts(
                reports,
                limiter,
                Stores(
                    links,
                    tags,
                    changes,
                    keys or NoKeys(),
                    letters,
                    Shares(links._client, "", changes),
                    of_links.finder,
                    *hooks,
                ),
                SHORT,
                authenticator,
                sessions,
                BALANCED,
                settings or _defaults(),
                connection,
                system,
                explained,
            )
        ),
        Ready(pings, "one"),
        guards,
        rates,
        metrics,
        OwnMetrics(registry),
        request_ids,
    )
    return falcon.testing.TestClient(app, headers=headers)


def stats(client: falcon.testing.TestClient, code: str = "abc", **params: Any) -> Any:
    return client.simulate_get(f"/api/v1/links/{code}/stats", params=params, params_csv=False)


def clicks_of(settings: Settings, links: Any) -> list[Route]:
    """Return the routes of clicks, with a limiter of their own."""
    limiter = ReportLimiter(settings, ConsoleMetrics(CollectorRegistry()))
    return click_routes(settings, links, limiter)


def explained_of(settings: Settings, links: Any) -> Any:
    """Return what explains the clicks of an installation, with a limiter of its own."""
    limiter = ReportLimiter(settings, ConsoleMetrics(CollectorRegistry()))
    return explained_click(settings, links, limiter)


def doctor_of(examined: Callable[[], Iterable[Check]]) -> Route:
    """Return the route of an examination, with a limiter of its own."""
    return doctor_route(examined, ReportLimiter(_defaults(), ConsoleMetrics(CollectorRegistry())))
