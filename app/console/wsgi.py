"""Application that gunicorn starts as the console: ``app.console.wsgi:get_app()``."""

import atexit
import time
from contextlib import ExitStack
from functools import partial

from prometheus_client import CollectorRegistry

from app.changes.trail import open_trail
from app.config.access import HostNames
from app.config.instance import instance_id
from app.config.loading import load
from app.config.variables import variable
from app.console.api.clicks.routes import click_routes, explained_click
from app.console.api.dead_letters.endpoints import dead_letter_routes
from app.console.api.idempotency import open_answers
from app.console.api.links.bulk.turns import Turns
from app.console.api.report_limiter import ReportLimiter
from app.console.api.system import doctor_route, system_routes
from app.console.api.webhooks.routes import webhook_routes
from app.console.app import App, create_app
from app.console.cross_origin import cross_origin
from app.console.health_endpoints import Ready
from app.console.index_upkeep import keep_fresh
from app.console.live.admission import Admission
from app.console.live.routes import live_routes, open_broadcast
from app.console.middleware import BearerAuth, KnownHosts
from app.console.pages.reports.ledger import open_badge
from app.console.pages.routes import Parts, Stores, page_routes
from app.console.rates.counter import open_counter
from app.console.rates.limiter import RateLimiter, quotas
from app.console.routes import OfLinks, api_routes
from app.console.shlink.routes import shlink_routes
from app.console.shlink.speaking import Installation
from app.console.yourls.resource import yourls_route
from app.dead_letters.shards import open_all_dead_letters
from app.health.system.examination import examine_within
from app.health.system.system import System
from app.http.request_ids import RequestIds
from app.keys.authenticator import Authenticator
from app.keys.lookup import KeyLookup
from app.keys.sessions import open_sessions
from app.keys.store import open_keys
from app.links.index.finder import Finder
from app.links.index.index import open_index
from app.links.shares import open_shares
from app.links.store import open_store
from app.links.tags import open_tags
from app.logs import setup as logs
from app.metrics.console import ConsoleMetrics
from app.metrics.exposition import Exposition
from app.metrics.publisher import published
from app.processes.stopping import IS_STOPPING
from app.reports.reading.reader import Reports
from app.stores.clickhouse.shards import ClickHouseConnection
from app.webhooks.deliveries import open_deliveries
from app.webhooks.store import open_webhooks

#: Longest wait for ClickHouse's sign of life, shorter than a load balancer's for the answer.
_PING_SECONDS = 2.0


def get_app() -> App:
    """Read the settings and return the app; its connections are made when first used.

    Raises:
        app.config.variables.SettingsError: a setting can't be used.
    """
    held = load()
    logs.configure(held, "console")
    seconds = held.clickhouse_timeout_seconds
    most = {"max_execution_time": max(1, int(seconds))}
    reports = Reports(held.clickhouse_server, timeout_seconds=seconds)
    links = open_store(held)
    pings = {
        "redis": links.ping,
        "clickhouse": Reports(held.clickhouse_server, timeout_seconds=_PING_SECONDS).ping,
    }
    registry, directory = CollectorRegistry(), held.metrics_of("console")
    until_exit = ExitStack()
    until_exit.enter_context(published(registry, directory))
    atexit.register(until_exit.close)
    metrics = ConsoleMetrics(registry)
    limiter = ReportLimiter(held, metrics)
    request_ids = RequestIds(held.trusted_proxies)
    names = HostNames(held.console_hosts, held.console_bind)
    keys, trail, sessions = open_keys(held), open_trail(held), open_sessions(held)
    lookup = KeyLookup(keys)
    admission = Admission(lookup, sessions, time.time)
    broadcast = open_broadcast(held, links, admission, metrics, IS_STOPPING)
    until_exit.callback(broadcast.close)
    authenticator = Authenticator(lookup, held.console_token, held.metrics_token)
    guards = (
        KnownHosts(names, variable("console_hosts")),
        *cross_origin(held.console_origins),
        BearerAuth(authenticator, sessions),
    )
    index = open_index(held)
    finder = Finder(links, index)
    tags = open_tags(held, finder.tags)
    turns = Turns()
    keep_fresh(index.follower, held, lambda: turns.are_taken, metrics)
    letters, system = open_all_dead_letters(held), System(held)
    system.watch(IS_STOPPING)
    told = open_webhooks(held), open_deliveries(held)
    routes = api_routes(
        reports,
        limiter,
        OfLinks(links, tags, finder, turns),
        held.link_base,
        open_answers(held),
        trail,
        keys,
        *dead_letter_routes(letters, trail),
        *click_routes(held, links, limiter),
        *live_routes(held, links, broadcast),
        *system_routes(system),
        doctor_route(partial(examine_within, held), limiter),
        *webhook_routes(*told),
    )
    rates = RateLimiter(open_counter(held), quotas(held))
    foreign = yourls_route(
        reports,
        limiter,
        links,
        held.link_base,
        authenticator,
        (rates, metrics),
        is_unique=held.yourls_unique_urls,
    )
    shlink = shlink_routes(Installation(links, held.link_base, reports, limiter, tags))
    return create_app(
        [*routes, foreign, *shlink],
        page_routes(
            Parts(
                reports,
                limiter,
                Stores(links, tags, trail, keys, letters, open_shares(held, trail), finder, *told),
                held.link_base,
                authenticator,
                sessions,
                open_badge(held),
                held,
                partial(ClickHouseConnection, held.clickhouse_server, seconds, most),
                system,
                explained_click(held, links, limiter),
            )
        ),
        Ready(pings, instance_id(held)),
        guards,
        rates,
        metrics,
        Exposition(directory),
        request_ids,
    )
