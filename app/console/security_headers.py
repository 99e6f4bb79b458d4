"""Middleware that lets a browser show the console's answers and do nothing else with them."""

import falcon

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


class SafeHeaders:
    """Middleware that sets the headers on every answer, errors included."""

    def process_response(
        self, _req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Set them."""
        for name, value in _HEADERS:
            resp.set_header(name, value)
