"""Paths that are no short codes: the bare address, robots, the icon, and how the worker is."""

from collections.abc import Callable
from dataclasses import dataclass

import falcon
import orjson

from app.instance import HEADER
from app.redirect.lookup import Lookup
from app.redirect.pipeline import Pipeline
from app.redirect.resource import write
from app.redirect.response import Response
from app.redirect.spool import Spool

_A_DAY = ("Cache-Control", "public, max-age=86400")
_NEVER_KEPT = ("Cache-Control", "no-store")

ROBOTS = Response(
    200,
    (("Content-Type", "text/plain; charset=utf-8"), _A_DAY),
    b"User-agent: *\nDisallow: /\n",
)
NO_ICON = Response(204, (_A_DAY,))
LIVE = Response(200, (("Content-Type", "application/json"), _NEVER_KEPT), b'{"live":true}')


class FixedResource:
    """Gives the same kind of answer to every GET and HEAD."""

    def __init__(self, answer: Callable[[], Response], bad_method: Response) -> None:
        self._answer = answer
        self._bad_method = bad_method

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer."""
        write(resp, self._answer())

    def on_head(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer without a body."""
        write(resp, self._answer())

    def on_options(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Refuse, as any method but GET and HEAD."""
        write(resp, self._bad_method)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a worker can do now.

    Attributes:
        links: how many links it knows.
        spool_fault: why the spool can't be written; empty if it can.
        instance: says whose worker it is.
    """

    is_redis_well: bool
    hears_changes: bool
    links: int
    spool_fault: str
    instance: str

    @property
    def is_ready(self) -> bool:
        """Whether visitors should be sent here.

        Without Redis a worker still redirects over the links that it knows, and keeps the clicks
        in the spool; taking it out of service would make the outage worse.
        """
        return self.is_redis_well or (self.links > 0 and not self.spool_fault)

    def response(self) -> Response:
        """Return 200 or 503 with the reasons as JSON."""
        body = {
            "ready": self.is_ready,
            "redis": "well" if self.is_redis_well else "away",
            "link_changes": "heard" if self.hears_changes else "not heard",
            "links_known": self.links,
            "spool": self.spool_fault or "well",
        }
        return Response(
            200 if self.is_ready else 503,
            (("Content-Type", "application/json"), _NEVER_KEPT, (HEADER, self.instance)),
            orjson.dumps(body),
        )


def readiness(
    pipeline: Pipeline, lookup: Lookup, spool: Spool, slow_after_seconds: float, instance: str
) -> Readiness:
    """Look how the worker is.

    Args:
        slow_after_seconds: unanswered for this long, Redis counts as away.
        instance: says whose worker it is.
    """
    return Readiness(
        is_redis_well=pipeline.connected.is_set() and pipeline.oldest_age() < slow_after_seconds,
        hears_changes=lookup.is_watching,
        links=len(lookup),
        spool_fault=spool.fault,
        instance=instance,
    )
