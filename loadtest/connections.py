"""HTTP connections that hide nothing.

geventhttpclient sends a request again by itself when a connection ends before the answer: up to
``pool.size + 1`` times in ``HTTPClient.request``. A load test has to know, because the first try
may have been a click.
"""

import errno
from typing import Any

from geventhttpclient.client import HTTPClient, HTTPClientPool
from geventhttpclient.response import HTTPConnectionClosed
from geventhttpclient.url import URL

_ENDED = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)


class HonestPool(HTTPClientPool):  # type: ignore[misc]
    """Clients that send each request once."""

    def get_client(self, url: str | URL) -> HTTPClient:
        """Return the client of a host."""
        client = super().get_client(url)
        # Nothing but the number of silent attempts is read from it once the pool is made.
        client._connection_pool.size = -1
        return client


def is_cut(error: Any) -> bool:
    """Tell whether a connection ended after the request was sent and before the answer."""
    cause = getattr(error, "original", None) or error
    return isinstance(cause, HTTPConnectionClosed) or getattr(cause, "errno", 0) in _ENDED
