"""Middleware that lets scripts of other sites' pages ask the console (CORS, Fetch Standard §3.2).

Rule 1: origins are named one by one. There is no wildcard, and no ``null``, which every sandboxed
        page and local file is.
Rule 2: never with credentials: a page sends a key of its own, and nothing that its reader's browser
        may hold for us.
"""

from collections.abc import Iterable
from typing import Any, Final

import falcon
from falcon.middleware import CORSMiddleware

_METHODS: Final = "DELETE, GET, HEAD, PATCH, POST, PUT"
#: What a script can't read otherwise (Fetch Standard §4.4).
_EXPOSED: Final = (
    *("Content-Disposition", "ETag", "Idempotency-Replayed", "Link", "Location", "RateLimit"),
    *("RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-ID"),
)


def cross_origin(origins: Iterable[str]) -> list["CrossOrigin"]:
    """Return the middleware that lets pages of these origins ask; none where there are none."""
    known = frozenset(origins)
    return [CrossOrigin(known)] if known else []


class CrossOrigin(CORSMiddleware[Any, Any]):
    """Middleware that tells browsers which sites' scripts may ask, and answers their preflights.

    Args:
        origins: as browsers write them: ``https://app.example``.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        super().__init__(allow_origins=origins, expose_headers=_EXPOSED)

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer a preflight: it asks for a script's request, and carries no key (§4.8)."""
        is_preflight = req.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in req.env
        if is_preflight and req.get_header("Origin") in self.allow_origins:
            resp.set_header("Allow", _METHODS)
            resp.status = falcon.HTTP_204
            resp.complete = True

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Say who may read the answer; a cache may give it to nobody else (§4.10)."""
        resp.append_header("Vary", "Origin")
        super().process_response(req, resp, resource, req_succeeded)
