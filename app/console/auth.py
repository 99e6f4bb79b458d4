"""Who may use the console: whoever sends its token (RFC 6750), or everyone if it has none."""

import hmac

import falcon

_CHALLENGE = 'Bearer realm="hopline"'
#: What a load balancer asks, which says nothing about links or clicks.
_OPEN_PATHS = frozenset(("/-/live", "/-/ready"))


class BearerAuth:
    """Middleware that turns away requests without the token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Let a request through.

        Raises:
            falcon.HTTPUnauthorized: it needs the token and doesn't carry it.
        """
        if req.path in _OPEN_PATHS:
            return
        scheme, _, given = (req.auth or "").partition(" ")
        if scheme.lower() != "bearer":
            raise falcon.HTTPUnauthorized(
                description="Send the console's token: Authorization: Bearer TOKEN.",
                challenges=[_CHALLENGE],
            )
        # latin-1 is what WSGI makes of a header's bytes (PEP 3333).
        if not hmac.compare_digest(given.strip().encode("latin-1"), self._token):
            raise falcon.HTTPUnauthorized(
                description="This is not the console's token.",
                challenges=[f'{_CHALLENGE}, error="invalid_token"'],
            )
