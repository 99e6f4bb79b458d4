"""Application that gunicorn starts as the redirect service."""

import logging
from functools import lru_cache, partial
from typing import Any

import falcon

from app.config.instance import instance_id
from app.config.loading import load
from app.http.request_ids import HEADER as REQUEST_ID_HEADER
from app.http.request_ids import RequestIds
from app.http.rules import METHODS
from app.logs import setup as logs
from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.fast_lane import RedirectFastLane
from app.redirect.link_resource import Collaborators, LinkResource, write
from app.redirect.own_browser import LEAVE_PATH, RETURN_PATH, OwnBrowserResource
from app.redirect.pages import Pages
from app.redirect.response import Response
from app.redirect.service import RedirectService
from app.redirect.well_known import LIVE, NO_ICON, ROBOTS, WellKnownResource, readiness

logger = logging.getLogger(__name__)


class RedirectApp(falcon.App[falcon.Request, falcon.Response]):
    """The application and the service that lives as long as it does.

    Attributes:
        metrics: what the worker counts in.
        fast_lane: what the worker asks first, unless it is switched off.
    """

    service: RedirectService
    metrics: RedirectMetrics
    fast_lane: RedirectFastLane | None = None


def create_app(collaborators: Collaborators, metrics: RedirectMetrics, ready: Any) -> RedirectApp:
    """Return the application.

    Args:
        ready: returns what ``/-/ready`` answers.
    """
    pages = collaborators.pages
    app = RedirectApp(middleware=[_CountResponses(metrics)])
    app.resp_options.default_media_type = None  # type: ignore[assignment]
    app.req_options.strip_url_path_trailing_slash = True
    for path, answer in (
        ("/", pages.home),
        ("/robots.txt", lambda: ROBOTS),
        ("/favicon.ico", lambda: NO_ICON),
        ("/-/live", lambda: LIVE),
        ("/-/ready", ready),
    ):
        app.add_route(path, WellKnownResource(answer, pages.bad_method()))
    for path, marks in ((LEAVE_PATH, True), (RETURN_PATH, False)):
        resource = OwnBrowserResource(pages, marks=marks, is_https=collaborators.is_https)
        app.add_route(path, resource)
    app.add_route("/{code:path}", LinkResource(collaborators))
    app.add_error_handler(falcon.HTTPError, partial(_refuse, pages))
    app.add_error_handler(Exception, _Failure(pages, collaborators.request_ids).answer)
    return app


def get_app() -> RedirectApp:
    """Read the settings, connect, and return the application of this worker process."""
    settings = load()
    logs.configure(settings, "redirect")
    service = RedirectService(settings)
    service.start()
    slow_after_seconds = settings.redis_timeout_seconds / 2
    instance = instance_id(settings)
    app = create_app(
        service.collaborators,
        service.metrics,
        lambda: readiness(
            service.redis.state(slow_after_seconds),
            service.redis.lookup,
            service.clicks.spool,
            instance,
        ).response(),
    )
    app.service = service
    app.metrics = service.metrics
    if settings.fast_lane:
        app.fast_lane = RedirectFastLane(service.collaborators, service.metrics)
    return app


class _CountResponses:
    def __init__(self, metrics: RedirectMetrics) -> None:
        self._counter = lru_cache(lambda status: metrics.responses.labels(status[:3], "falcon"))

    def process_response(
        self, _req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        self._counter(str(resp.status)).inc()


def _refuse(
    pages: Pages,
    req: falcon.Request,
    resp: falcon.Response,
    error: falcon.HTTPError,
    _params: dict[str, Any],
) -> None:
    write(resp, _page_for(pages, req.method, error.status_code))


def _page_for(pages: Pages, method: str, status: int) -> Response:
    if method not in METHODS:
        return pages.unknown_method()
    if status == 404:
        return pages.not_found()
    return pages.bad_method() if status == 405 else pages.bad_request()


class _Failure:
    """Answers what is a fault of ours, and logs it under the name that the answer carries."""

    def __init__(self, pages: Pages, request_ids: RequestIds) -> None:
        self._pages = pages
        self._request_ids = request_ids
        self._throttled = ThrottledLog(logger)

    def answer(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        error: Exception,
        _params: dict[str, Any],
    ) -> None:
        request_id = self._request_ids.of(
            req.env.get("REMOTE_ADDR", ""), req.get_header(REQUEST_ID_HEADER)
        )
        kind = type(error).__name__
        self._throttled.exception(kind, "%s %r failed", req.method, req.path, request_id=request_id)
        write(resp, self._pages.failed())
        resp.set_header(REQUEST_ID_HEADER, request_id)
