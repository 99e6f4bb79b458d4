"""Endpoints that tell how the console is: that it lives, that its stores answer, its metrics."""

import logging
from collections.abc import Callable, Mapping

import falcon

from app.config.instance import HEADER
from app.metrics.exposition import Exposition
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.redis.errors import RedisError
from app.version import __version__

logger = logging.getLogger(__name__)

#: Raises RedisError or ClickHouseError when its store gives no sign of life.
Ping = Callable[[], object]


#: What someone is told who looks at the root.
WELCOME = {
    "name": "hopline console",
    "version": __version__,
    "stats": "/api/v1/links/{code}/stats",
}
#: What is said as long as the process can answer at all.
LIVE = {"live": True}


class Always:
    """Gives every GET the same answer."""

    def __init__(self, media: Mapping[str, object]) -> None:
        self._media = media

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        resp.media = self._media

    on_head = on_get


class Ready:
    """Answers 200 while every store answers, else 503 and which don't.

    Args:
        pings: for every store its name and how to ask it for a sign of life.
        instance: says whose console it is.
    """

    def __init__(self, pings: Mapping[str, Ping], instance: str) -> None:
        self._pings = pings
        self._instance = instance

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET /-/ready."""
        answers = {name: _answers(ping) for name, ping in self._pings.items()}
        ready = all(answers.values())
        resp.status = falcon.HTTP_200 if ready else falcon.HTTP_503
        resp.set_header(HEADER, self._instance)
        resp.media = {"ready": ready, **answers}

    on_head = on_get


class Metrics:
    """Shows the metrics of the console's process and of those before it."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET /-/metrics."""
        resp.data, resp.content_type = self._exposition.render(req.get_header("Accept") or "")

    on_head = on_get


def _answers(ping: Ping) -> bool:
    try:
        ping()
    except (RedisError, ClickHouseError) as error:
        logger.warning("not ready: %s", error)
        return False
    return True
