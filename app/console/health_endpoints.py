"""Endpoints that tell how the console is: that it lives, that its stores answer, its metrics."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import ClassVar

import falcon

from app.config.instance import HEADER
from app.console.api.rights import Rights
from app.metrics.exposition import Exposition
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.redis.errors import RedisError

logger = logging.getLogger(__name__)

#: How long a probe waits for a sign of life before it goes by the last one, if that is young.
#: ClickHouse takes longer while it is busy with reports, and a probe's patience may be short.
_PROMPT_SECONDS = 0.03
#: Probes mostly come more often than this, so that all but the first have one to go by.
_YOUNG_SECONDS = 30.0
#: How long a probe waits at most. A store that is frozen keeps who asks it for seconds.
_PATIENCE_SECONDS = 0.5

#: Raises RedisError or ClickHouseError when its store gives no sign of life.
Ping = Callable[[], object]


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
        clock: monotonic seconds.
    """

    def __init__(
        self,
        pings: Mapping[str, Ping],
        instance: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        executor = ThreadPoolExecutor(len(pings), "ping")
        self._signs = {name: _SignOfLife(ping, executor, clock) for name, ping in pings.items()}
        self._instance = instance

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET /-/ready."""
        asked = {name: sign.ask() for name, sign in self._signs.items()}
        wait(asked.values(), _PROMPT_SECONDS)
        wait(
            [asked[name] for name, sign in self._signs.items() if not sign.is_young],
            _PATIENCE_SECONDS - _PROMPT_SECONDS,
        )
        answers = {name: sign.is_there(asked[name]) for name, sign in self._signs.items()}
        ready = all(answers.values())
        resp.status = falcon.HTTP_200 if ready else falcon.HTTP_503
        resp.set_header(HEADER, self._instance)
        resp.media = {"ready": ready, **answers}

    on_head = on_get


class Metrics:
    """Shows the metrics of the console's process and of those before it."""

    rights: ClassVar[Rights] = {"GET": "system:read"}

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET /-/metrics."""
        resp.data, resp.content_type = self._exposition.render(req.get_header("Accept") or "")

    on_head = on_get


class _SignOfLife:
    """Sign of life of one store, asked for in another thread, once for all who ask meanwhile."""

    def __init__(
        self, ping: Ping, executor: ThreadPoolExecutor, clock: Callable[[], float]
    ) -> None:
        self._ping = ping
        self._executor = executor
        self._clock = clock
        self._asked: Future[bool] | None = None
        self._last = False
        self._last_at = -math.inf

    def ask(self) -> Future[bool]:
        """Ask, unless that is under way, and return what will come of it."""
        asked = self._asked
        if asked is None or asked.done():
            self._asked = asked = self._executor.submit(self._take)
        return asked

    @property
    def is_young(self) -> bool:
        """Whether the last sign tells of the present still."""
        return self._clock() - self._last_at < _YOUNG_SECONDS

    def is_there(self, asked: Future[bool]) -> bool:
        """Tell what came of it; while that is open, what came of the last one, if it is young."""
        if asked.done():
            return asked.result()
        return self._last and self.is_young

    def _take(self) -> bool:
        self._last, self._last_at = _answers(self._ping), self._clock()
        return self._last


def _answers(ping: Ping) -> bool:
    try:
        ping()
    except (RedisError, ClickHouseError) as error:
        logger.warning("not ready: %s", error)
        return False
    return True
