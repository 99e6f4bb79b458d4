"""The console's own metrics, and where they are shown."""

import time
from collections.abc import Callable

import falcon

from app.metrics.console import ConsoleMetrics
from app.metrics.exposition import Exposition


class CountRequests:
    """Middleware that counts answers and times them."""

    def __init__(
        self, metrics: ConsoleMetrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._metrics = metrics
        self._clock = clock

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Note when it came."""
        req.context.began = self._clock()

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Count it."""
        self._metrics.responses.labels(str(resp.status_code)).inc()
        self._metrics.response_seconds.observe(self._clock() - req.context.began)


class Metrics:
    """Shows the metrics of the console's process and of those before it."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET /-/metrics."""
        resp.data, resp.content_type = self._exposition.render(req.get_header("Accept") or "")

    on_head = on_get
