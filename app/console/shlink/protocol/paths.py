"""Paths of Shlink's interface, and which version of it a request speaks."""

import falcon

PREFIX = "/rest/"
VERSIONS = (3, 2, 1)
#: What tells no more than that links are served.
OPEN_PATHS = frozenset(("/rest/health", *(f"/rest/v{version}/health" for version in VERSIONS)))
#: Where clients put the key.
KEY_HEADER = "X-Api-Key"


def is_shlink(req: falcon.Request) -> bool:
    """Tell whether a request speaks it."""
    path: str = req.path
    return path.startswith(PREFIX)


def is_former(req: falcon.Request) -> bool:
    """Tell whether a request speaks version 1 or 2."""
    path: str = req.path
    return path.startswith(("/rest/v1/", "/rest/v2/"))


def authorization(req: falcon.Request) -> str | None:
    """Return the Authorization (RFC 6750) that a request's key stands for; None without a key."""
    key = req.get_header(KEY_HEADER)
    return f"Bearer {key.strip()}" if key else None
