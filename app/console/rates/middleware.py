"""Middleware that limits how much each key asks below /api and /rest.

Follows draft-ietf-httpapi-ratelimit-headers-11.
"""

from collections.abc import Callable

import falcon

from app.console.api.problem import QuotaExceeded, write_problem
from app.console.api.rights import Rights, caller_of
from app.console.rates.limiter import WINDOW_SECONDS, Limit, PolicyName, RateLimiter
from app.console.shlink.protocol.paths import OPEN_PATHS, PREFIX
from app.metrics.console import ConsoleMetrics

_API = ("/api/", PREFIX)
#: What takes such a right is computed from clicks, however it is asked.
_OF_REPORTS = frozenset(("stats:read", "clicks:read"))
_READING = frozenset(("GET", "HEAD", "OPTIONS"))


class RateLimits:
    """Middleware that counts every request of an interface, and refuses what is too much.

    A resource's ``rights`` tell by which policy, and ``is_costly(req)`` that it takes as much as a
    report. What no resource is there for, and what comes without a key, is counted as reading.
    """

    def __init__(self, limiter: RateLimiter, metrics: ConsoleMetrics) -> None:
        self._limiter = limiter
        self._refused = metrics.throttled
        quotas = limiter.quotas.items()
        self._policies = ", ".join(f'"{name}";q={q};w={WINDOW_SECONDS}' for name, q in quotas)

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: object, _params: object
    ) -> None:
        """Let a request through.

        Raises:
            QuotaExceeded: it is one too many.
        """
        if _is_limited(req):
            rights: Rights = getattr(resource, "rights", {})
            asked: Callable[[falcon.Request], bool] | None = getattr(resource, "is_costly", None)
            is_costly = asked is not None and asked(req)
            limit = self._take(req, policy_of(req.method, rights, is_costly=is_costly))
            if limit.is_exceeded:
                raise QuotaExceeded(limit.policy, limit.ends_seconds)

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Say what is left, on errors as well; count what has come to no resource."""
        if not _is_limited(req):
            return
        limit: Limit | None = getattr(req.context, "limit", None)
        if limit is None:
            limit = self._take(req, "reads")
            if limit.is_exceeded:
                error = QuotaExceeded(limit.policy, limit.ends_seconds)
                resp.status = error.status
                resp.set_headers(error.headers or {})
                write_problem(req, resp, error)
        resp.set_header("RateLimit-Policy", self._policies)
        resp.set_header("RateLimit", f'"{limit.policy}";r={limit.left};t={limit.ends_seconds}')

    def _take(self, req: falcon.Request, policy: PolicyName) -> Limit:
        limit = self._limiter.take(policy, caller_of(req).id)
        req.context.limit = limit
        if limit.is_exceeded:
            self._refused.labels(limit.policy).inc()
        return limit


def _is_limited(req: falcon.Request) -> bool:
    """Tell whether a request is counted: probes aren't, whose keys are nobody's."""
    path: str = req.path
    return path.startswith(_API) and path not in OPEN_PATHS


def policy_of(method: str, rights: Rights, *, is_costly: bool = False) -> PolicyName:
    """Return the policy by which a request is counted.

    Args:
        rights: of its resource.
    """
    if is_costly or rights.get("GET" if method == "HEAD" else method) in _OF_REPORTS:
        return "reports"
    return "reads" if method in _READING else "writes"
