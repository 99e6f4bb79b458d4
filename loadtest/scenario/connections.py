"""HTTP connections that hide nothing.

geventhttpclient sends a request again by itself when a connection ends before the answer: up to
``pool.size + 1`` times in ``HTTPClient.request``. A load test has to know, because the first try
may have been a click.
"""

import errno
from functools import cache
from ssl import SSLContext
from typing import Any

from gevent.ssl import create_default_context
from geventhttpclient.client import HTTPClient, HTTPClientPool
from geventhttpclient.response import HTTPConnectionClosed
from geventhttpclient.url import URL

_ENDED = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)


class HonestPool(HTTPClientPool):  # type: ignore[misc]
    """Clients that send each request once, and trust whom this machine trusts."""

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__(
            concurrency=1,
            network_timeout=timeout_seconds,
            connection_timeout=timeout_seconds,
            ssl_context_factory=_trust,
        )

    def get_client(self, url: str | URL) -> HTTPClient:
        """Return the client of a host."""
        client = super().get_client(url)
        # Nothing but the number of silent attempts is read from it once the pool is made.
        client._connection_pool.size = -1
        return client


@cache
def _trust(**_: str | None) -> SSLContext:
    """Return one context for all: this machine's certificates, or those of SSL_CERT_FILE.

    geventhttpclient would read certifi's, anew for each connection.
    """
    return create_default_context()


def is_cut(error: Any) -> bool:
    """Tell whether a connection ended after the request was sent and before the answer."""
    cause = getattr(error, "original", None) or error
    return isinstance(cause, HTTPConnectionClosed) or getattr(cause, "errno", 0) in _ENDED
