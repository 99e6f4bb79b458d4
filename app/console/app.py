"""The console's routes, and which answer each failure becomes."""

import logging
from collections.abc import Iterable
from typing import Any, NoReturn

import falcon
import orjson
from falcon.media import JSONHandler
from gunicorn.http.errors import ParseException

from app.console.api.openapi import OpenApi, Route
from app.console.api.problem import (
    OF_ERRORS,
    Problem,
    problem_of,
    write_problem,
)
from app.console.api.problem import PATH as PROBLEM_PATH
from app.console.health_endpoints import LIVE, Always, Metrics, Ready
from app.console.middleware import (
    CountRequests,
    EnforceRights,
    KnownMethods,
    NameRequests,
    SafeHeaders,
)
from app.console.pages.reference.page import PATH as REFERENCE_PATH
from app.console.pages.reference.page import Reference
from app.console.pages.routes import Pages
from app.console.pages.site.errors import ErrorPages, ProblemPage
from app.console.rates.limiter import RateLimiter
from app.console.rates.middleware import RateLimits
from app.console.shlink.protocol.paths import is_shlink
from app.console.shlink.protocol.problems import write_problem as write_shlink_problem
from app.http.request_ids import RequestIds
from app.links.link import CorruptLink
from app.metrics.console import ConsoleMetrics
from app.metrics.exposition import Exposition
from app.reports.scope import OutOfScope
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.redis.errors import RedisError

App = falcon.App[falcon.Request, falcon.Response]

logger = logging.getLogger(__name__)

#: Seconds after which a client may ask a store again that was away.
_RETRY_AFTER_SECONDS = 5


def create_app(
    api: Iterable[Route],
    pages: Pages,
    ready: Ready,
    guards: Iterable[object],
    limiter: RateLimiter,
    metrics: ConsoleMetrics,
    exposition: Exposition,
    request_ids: RequestIds,
) -> App:
    """Return the console as a WSGI app.

    Args:
        api: what is served under /api/v1, and in foreign tongues.
        pages: what people see.
        ready: knows the stores.
        guards: middleware that a request has to pass, in this order.
        limiter: of what one key may ask below /api.
        exposition: of all metrics that the console's processes publish.
    """
    middleware: list[Any] = [NameRequests(request_ids), CountRequests(metrics), SafeHeaders()]
    middleware.append(KnownMethods())
    middleware += guards
    middleware += [RateLimits(limiter, metrics), EnforceRights()]
    app: App = falcon.App(middleware=middleware)
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = JSONHandler(dumps=orjson.dumps)
    app.set_error_serializer(ErrorPages(pages.site, _write_error))
    app.add_error_handler(Exception, _fault)
    for kind in OF_ERRORS:
        app.add_error_handler(kind, _known)
    app.add_error_handler(ParseException, _malformed)
    # Falcon takes the handler of the nearest class, whichever was added last.
    for away in (RedisError, ClickHouseError):
        app.add_error_handler(away, _away)
    app.add_route("/-/live", Always(LIVE))
    app.add_route("/-/ready", ready)
    app.add_route("/-/metrics", Metrics(exposition))
    for route in api:
        app.add_route(route.path, route.resource)
        if isinstance(route.resource, OpenApi):
            page = Reference(pages.site, route.resource.document, route.path)
            app.add_route(REFERENCE_PATH, page)
    for path, resource in pages.pages:
        app.add_route(path, resource)
    app.add_route(PROBLEM_PATH, ProblemPage(pages.site))
    return app


def _write_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
    """Tell of an error in the words of the interface that was spoken."""
    (write_shlink_problem if is_shlink(req) else write_problem)(req, resp, error)


def _known(
    req: falcon.Request, _resp: falcon.Response, error: Exception, _params: dict[str, str]
) -> NoReturn:
    if isinstance(error, OutOfScope):
        req.context.refusal = "tag"
    if isinstance(error, CorruptLink):
        logger.error(
            "500 for %s: %s", req.path, error, extra={"request_id": req.context.request_id}
        )
    raise problem_of(error)


def _malformed(
    _req: falcon.Request, _resp: falcon.Response, error: Exception, _params: dict[str, str]
) -> NoReturn:
    # gunicorn reads a body while we do, and its head was fine.
    raise Problem("invalid-body", f"The body isn't sent as HTTP has it: {error}.") from None


def _away(
    req: falcon.Request, _resp: falcon.Response, error: Exception, _params: dict[str, str]
) -> NoReturn:
    extra = {"request_id": req.context.request_id}
    logger.warning("503 for %s: %s", req.path, error, extra=extra)
    store = "Redis" if isinstance(error, RedisError) else "ClickHouse"
    raise falcon.HTTPServiceUnavailable(
        description=f"{store} doesn't answer as it should.", retry_after=_RETRY_AFTER_SECONDS
    )


def _fault(
    req: falcon.Request, _resp: falcon.Response, error: Exception, _params: dict[str, str]
) -> NoReturn:
    if isinstance(error, falcon.HTTPError | falcon.HTTPStatus):
        raise error
    extra = {"request_id": req.context.request_id}
    logger.error("500 for %s", req.path, exc_info=error, extra=extra)
    raise falcon.HTTPInternalServerError
