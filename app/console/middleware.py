"""Middleware that every request of the console passes: its name, count, admission and headers."""

import time

import falcon

from app.config.access import HostNames, carries
from app.http.request_ids import HEADER, RequestIds
from app.http.rules import METHODS
from app.metrics.console import ConsoleMetrics

_CHALLENGE = 'Bearer realm="hopline"'
#: What a load balancer asks, by whatever name; it says nothing about links or clicks.
_OPEN_PATHS = frozenset(("/-/live", "/-/ready"))
_METRICS_PATH = "/-/metrics"
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
    """Middleware that turns away requests without the token.

    Args:
        token: of the console; None lets everybody in.
        metrics_token: which opens the metrics alone, and then nothing else but the token does.
    """

    def __init__(self, token: str | None, metrics_token: str | None = None) -> None:
        self._tokens = [each for each in (token,) if each]
        self._metrics_tokens = [each for each in (token, metrics_token) if each]

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Let a request through.

        Raises:
            falcon.HTTPUnauthorized: it needs a token and doesn't carry it.
        """
        tokens = self._metrics_tokens if req.path == _METRICS_PATH else self._tokens
        if not tokens or req.path in _OPEN_PATHS or carries(req.auth, tokens):
            return
        if (req.auth or "").partition(" ")[0].lower() != "bearer":
            raise falcon.HTTPUnauthorized(
                description="Send the console's token: Authorization: Bearer TOKEN.",
                challenges=[_CHALLENGE],
            )
        raise falcon.HTTPUnauthorized(
            description="This is not the console's token.",
            challenges=[f'{_CHALLENGE}, error="invalid_token"'],
        )


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
        """Set them."""
        for name, value in _HEADERS:
            resp.set_header(name, value)


class CountRequests:
    """Middleware that counts answers and times them."""

    def __init__(self, metrics: ConsoleMetrics) -> None:
        self._metrics = metrics

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Note when it came."""
        req.context.began = time.monotonic()

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Count it."""
        self._metrics.responses.labels(str(resp.status_code)).inc()
        self._metrics.response_seconds.observe(time.monotonic() - req.context.began)
