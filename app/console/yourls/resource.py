"""Endpoint of YOURLS' clients: `/yourls-api.php`, asked by GET or POST."""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

import falcon

from app.console.api.body import BodyTooLarge
from app.console.api.openapi import Route
from app.console.api.report_limiter import ReportLimiter
from app.console.rates.limiter import PolicyName, RateLimiter
from app.console.yourls.answer import DEFAULT_FORMAT, Answer, refusal, write
from app.console.yourls.asked import Asked, Shelf
from app.console.yourls.counts import Counts
from app.console.yourls.parameters import UnreadableForm, read_parameters
from app.console.yourls.reading import Reading
from app.console.yourls.shortening import Shortening
from app.keys.authenticator import Authenticator, Unauthorized
from app.keys.caller import Scope
from app.keys.signature import Signed
from app.links.link import LinkContended
from app.links.store import LinkStore
from app.logs.throttle import ThrottledLog
from app.metrics.console import ConsoleMetrics
from app.reports.query import BadQuery
from app.reports.reading.reader import Reports
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.redis.errors import RedisError

logger = logging.getLogger(__name__)

PATH = "/yourls-api.php"
#: What `version` tells of, by which clients know what to expect.
VERSION, DB_VERSION = "1.8.2", "505"
_RETRY_AFTER_SECONDS = 5


class Action(NamedTuple):
    """What can be asked for, the scopes that it takes, and how it is counted."""

    run: Callable[[Asked], Answer]
    scopes: tuple[Scope, ...] = ()
    policy: PolicyName = "reads"


_UNKNOWN = Action(lambda _: refusal(400, 'Unknown or missing "action" parameter'))


def yourls_route(
    reports: Reports,
    limiter: ReportLimiter,
    links: LinkStore,
    link_base: str,
    authenticator: Authenticator,
    limits: tuple[RateLimiter, ConsoleMetrics],
    *,
    is_unique: bool,
) -> Route:
    """Return the route of the interface, which is no part of the document of ours.

    Args:
        limiter: of the requests for reports.
        link_base: what stands before a code in a short URL.
        limits: of what one key may ask, and what counts those who ask more.
        is_unique: whether a URL that has a short one gets that again.
    """
    shelf, counts = Shelf(links, link_base), Counts(reports, links, limiter)
    reading = Reading(shelf, counts)
    counted: tuple[Scope, ...] = ("links:read", "stats:read")
    actions = {
        "shorturl": Action(
            Shortening(shelf, counts, is_unique=is_unique).shorten, ("links:write",), "writes"
        ),
        "expand": Action(reading.expand, ("links:read",)),
        "url-stats": Action(reading.count_one, counted, "reports"),
        "stats": Action(reading.count_some, counted, "reports"),
        "db-stats": Action(reading.count_all, ("stats:read",), "reports"),
        "version": Action(_version),
    }
    return Route(PATH, YourlsApi(authenticator, actions, *limits))


class YourlsApi:
    """Answers clients of YOURLS in the format that they ask for, errors included.

    Args:
        authenticator: tells by a signature who asks.
        actions: by name.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        actions: Mapping[str, Action],
        limiter: RateLimiter,
        metrics: ConsoleMetrics,
    ) -> None:
        self._authenticator = authenticator
        self._actions = actions
        self._limiter = limiter
        self._refused = metrics.throttled
        self._throttled = ThrottledLog(logger)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET, and POST."""
        given: Mapping[str, str] = {}
        try:
            given = read_parameters(req)
            answer = self._answer(Asked(given, req), resp)
        except UnreadableForm as error:
            answer = refusal(400, str(error))
        except BodyTooLarge as error:
            answer = refusal(413, f"The form {error.detail}.")
        except BadQuery as error:
            answer = refusal(400, str(error))
        except (RedisError, ClickHouseError, LinkContended, falcon.HTTPServiceUnavailable) as error:
            answer = self._away(req, resp, error)
        write(resp, answer, given.get("format", DEFAULT_FORMAT), given.get("callback"))

    on_post = on_get

    def _answer(self, asked: Asked, resp: falcon.Response) -> Answer:
        try:
            asked.req.context.caller = self._authenticator.admit_signed(_signed(asked))
        except Unauthorized as error:
            asked.req.context.refusal = error.reason
            peer, key = asked.req.env.get("REMOTE_ADDR", ""), error.key_id or "none"
            text = "403 for %r of %s, key %s: no good signature"
            self._throttled.warning(error.reason, text, PATH, peer, key)
            return refusal(403, str(error))
        action = self._actions.get(asked.text("action"), _UNKNOWN)
        limit = self._limiter.take(action.policy, asked.caller.id)
        if limit.is_exceeded:
            self._refused.labels(limit.policy).inc()
            resp.set_header("Retry-After", str(limit.ends_seconds))
            return refusal(429, f"Too many {limit.policy}: wait {limit.ends_seconds} s.")
        lacking = [scope for scope in action.scopes if not asked.caller.may(scope)]
        if lacking:
            asked.req.context.refusal = "scope"
            return refusal(403, f"This takes a key with the scope {lacking[0]}.")
        return action.run(asked)

    def _away(self, req: falcon.Request, resp: falcon.Response, error: Exception) -> Answer:
        name = req.context.request_id
        self._throttled.warning(
            type(error).__name__, "503 for %s, request %s: %s", PATH, name, error
        )
        resp.set_header("Retry-After", str(_RETRY_AFTER_SECONDS))
        message = "Error: this can't be answered now, try again in some seconds"
        fields = {"status": "fail", "code": "error:db", "message": message, "errorCode": 503}
        return Answer(fields, message)


def _signed(asked: Asked) -> Signed | None:
    """Return what a request shows that a key is held by.

    Clients that know of no signatures send it as the password of whatever user.
    """
    if asked.text("signature"):
        hash_name = asked.text("hash") or "md5"
        return Signed(asked.text("signature"), asked.given.get("timestamp"), hash_name)
    has_password = asked.text("username") and asked.text("password")
    return Signed(asked.text("password")) if has_password else None


def _version(asked: Asked) -> Answer:
    database = {"db_version": DB_VERSION} if asked.text("db") == "1" else {}
    return Answer({"version": VERSION, **database}, VERSION)
