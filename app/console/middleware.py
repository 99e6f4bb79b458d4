"""Middleware that every request of the console passes: its name, count, admission and headers."""

import logging
import time

import falcon

from app.config.access import HostNames
from app.console.api.problem import CHALLENGE, InsufficientScope
from app.console.api.rights import Rights
from app.console.pages.site.browser import is_for_person, is_open, session_token, sign_in_url
from app.console.shlink.protocol import paths as shlink
from app.console.yourls.resource import PATH as YOURLS_PATH
from app.http.addresses import read_address
from app.http.request_ids import HEADER, RequestIds
from app.http.rules import METHODS
from app.keys.authenticator import Authenticator, Unauthorized
from app.keys.caller import NOBODY, Caller
from app.keys.sessions import Sessions
from app.logs.throttle import ThrottledLog
from app.metrics.console import ConsoleMetrics

logger = logging.getLogger(__name__)

#: What a load balancer asks, by whatever name; it says nothing about links or clicks.
_OPEN_PATHS = frozenset(("/-/live", "/-/ready")) | shlink.OPEN_PATHS
_METRICS_PATH = "/-/metrics"
#: Below them a resource has to say who may ask it.
_API = ("/api/", shlink.PREFIX)
#: Keys that are counted apart: each is as many series as there are routes.
_MOST_KEYS = 50
#: What proxies add: who comes through one may be anywhere, though the proxy is on this machine.
_OF_PROXIES = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
_HEADERS = (
    # Nothing is loaded, framed or sent from an answer; the last three don't fall back on the first.
    (
        "Content-Security-Policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    # Reports stay out of shared and private caches alike.
    ("Cache-Control", "no-store"),
)


class KnownMethods:
    """Middleware that turns away requests by methods that nobody has defined."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Let a request through.

        Raises:
            falcon.HTTPNotImplemented: whatever it asks for (RFC 9110 §9.1).
        """
        if req.method not in METHODS:
            raise falcon.HTTPNotImplemented(description="This method is unknown here.")


class KnownHosts:
    """Middleware that turns away requests which name a host that isn't ours."""

    def __init__(self, names: HostNames, variable: str) -> None:
        self._names = names
        self._variable = variable

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Let a request through.

        Raises:
            falcon.HTTPError: 421 (RFC 9110 §15.5.20), for it names an unknown host.
        """
        if req.path not in _OPEN_PATHS and not self._names.know(req.get_header("Host")):
            raise falcon.HTTPError(
                falcon.HTTP_421,
                description=f"The console is not known by this name: see {self._variable}.",
            )


class BearerAuth:
    """Middleware that finds out who asks, and turns away whom nobody knows.

    The caller is in ``req.context.caller`` then, an :class:`app.keys.caller.Caller`, and in
    ``req.context.session`` what the cookie holds of the browser that it was known by, or ''.
    """

    def __init__(self, authenticator: Authenticator, sessions: Sessions) -> None:
        self._authenticator = authenticator
        self._sessions = sessions
        self._throttled = ThrottledLog(logger)

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Let a request through.

        Raises:
            falcon.HTTPUnauthorized: it needs a key or the token and doesn't carry it.
            falcon.HTTPSeeOther: so it does, and a person can sign in.
            RedisUnavailable, RedisRefused: Redis doesn't tell of keys.
        """
        # Clients of YOURLS sign what they ask in a form, which is read when it is answered.
        if req.path in _OPEN_PATHS or req.path == YOURLS_PATH or is_open(req.path):
            return
        try:
            req.context.caller = self._caller(req)
        except Unauthorized as error:
            if is_for_person(req):
                raise falcon.HTTPSeeOther(sign_in_url(req, error.reason)) from None
            req.context.refusal = error.reason
            self._log(req, error)
            invalid = "" if error.reason == "missing" else ', error="invalid_token"'
            raise falcon.HTTPUnauthorized(
                description=str(error), challenges=[f"{CHALLENGE}{invalid}"]
            ) from None

    def _caller(self, req: falcon.Request) -> Caller:
        if (token := session_token(req)) and (session := self._sessions.find(token)):
            req.context.session = token
            return self._authenticator.resume(session)
        return self._authenticator.admit(
            shlink.authorization(req) if shlink.is_shlink(req) else req.auth,
            is_local=_is_local(req),
            is_for_another=_is_for_another(req),
            asks_metrics=req.path == _METRICS_PATH,
        )

    def _log(self, req: falcon.Request, error: Unauthorized) -> None:
        peer, key = req.env.get("REMOTE_ADDR", ""), error.key_id or "none"
        self._throttled.warning(
            error.reason, "401 for %r of %s, key %s: %s", req.path, peer, key, error
        )


class EnforceRights:
    """Middleware that lets callers do what they have the right to.

    A resource says by its attribute ``rights`` which scope each method takes, HEAD the same as GET.
    Below ``/api/`` and ``/rest/`` no method is answered that isn't named there.
    """

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: object, _params: object
    ) -> None:
        """Let a request through.

        Raises:
            InsufficientScope: the caller lacks the scope.
            falcon.HTTPMethodNotAllowed: the resource names none for the method.
        """
        rights: Rights | None = getattr(resource, "rights", None)
        if rights is None and not (req.uri_template or _API[0]).startswith(_API):
            return
        if req.method == "OPTIONS":
            return
        method = "GET" if req.method == "HEAD" else req.method
        if rights is None or method not in rights:
            raise falcon.HTTPMethodNotAllowed(allowed_methods=sorted(rights or {}))
        scope = rights[method]
        if scope and not req.context.caller.may(scope):
            req.context.refusal = "scope"
            raise InsufficientScope(scope)


def _is_for_another(req: falcon.Request) -> bool:
    """Tell whether a proxy has sent a request, or a browser for a page of another site.

    A browser says so itself (W3C Fetch Metadata §2.4), an older one by the page's origin.
    """
    if any(name in req.env for name in _OF_PROXIES):
        return True
    site, origin = req.get_header("Sec-Fetch-Site"), req.get_header("Origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and origin.partition("://")[2] != req.get_header("Host")


def _is_local(req: falcon.Request) -> bool:
    """Tell whether a request comes from this machine: by a Unix socket or the loopback."""
    peer = req.env.get("REMOTE_ADDR", "")
    address = read_address(peer)
    return address.is_loopback if address else not peer


class NameRequests:
    """Middleware that names requests; the answer carries the name."""

    def __init__(self, request_ids: RequestIds) -> None:
        self._request_ids = request_ids

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Name a request."""
        peer = req.env.get("REMOTE_ADDR", "")
        req.context.request_id = self._request_ids.of(peer, req.get_header(HEADER))
        resp.set_header(HEADER, req.context.request_id)


class SafeHeaders:
    """Middleware that sets the headers on every answer, errors included."""

    def process_response(
        self, _req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Set them; a page says by its context what it needs besides."""
        for name, value in _HEADERS:
            resp.set_header(name, value)
        if policy := getattr(resp.context, "content_security_policy", None):
            resp.set_header("Content-Security-Policy", policy)
        if cache_control := getattr(resp.context, "cache_control", None):
            resp.set_header("Cache-Control", cache_control)


class CountRequests:
    """Middleware that counts answers and times them."""

    def __init__(self, metrics: ConsoleMetrics) -> None:
        self._metrics = metrics
        self._keys: set[str] = set()

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Note when it came; who asks, and why they may not, is told later."""
        req.context.began = time.monotonic()
        req.context.caller = NOBODY
        req.context.session = ""
        req.context.refusal = None

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Count it."""
        self._metrics.responses.labels(str(resp.status_code)).inc()
        self._metrics.requests.labels(req.uri_template or "none", self._key(req)).inc()
        if req.context.refusal:
            self._metrics.refusals.labels(req.context.refusal).inc()
        self._metrics.response_seconds.observe(time.monotonic() - req.context.began)

    def _key(self, req: falcon.Request) -> str:
        """Return the caller's id; of further ones, when there are many, none."""
        key: str = req.context.caller.id
        if key not in self._keys:
            if len(self._keys) >= _MOST_KEYS:
                return "other"
            self._keys.add(key)
        return key
