"""Middleware that names each request, for the log and for whoever asks about an answer."""

import falcon

from app.http.request_ids import HEADER, RequestIds


class NameRequests:
    """Middleware that names requests; the answer carries the name."""

    def __init__(self, request_ids: RequestIds) -> None:
        self._request_ids = request_ids

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Name a request."""
        peer = req.env.get("REMOTE_ADDR", "")
        req.context.request_id = self._request_ids.of(peer, req.get_header(HEADER))
        resp.set_header(HEADER, req.context.request_id)
