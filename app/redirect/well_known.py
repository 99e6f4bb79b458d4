"""Paths that are no short codes: the bare address, robots, the icon, and how the worker is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import falcon
import hiredis
import orjson

from app.config.instance import HEADER
from app.redirect.link_resource import write
from app.redirect.links.lookup import KnownLinks
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replies import PipelineError
from app.redirect.redis.resp import encode_command
from app.redirect.response import Response
from app.redirect.spool.spool import Spool
from app.stores.keys import link_key

_A_DAY = ("Cache-Control", "public, max-age=86400")
_NEVER_KEPT = ("Cache-Control", "no-store")
_AWAY = "away"
#: No code has a slash.
_READ = encode_command(b"GET", link_key("-/ready").encode())
_NO_SUCH_ID = "must be greater than 0-0"

ROBOTS = Response(
    200,
    (("Content-Type", "text/plain; charset=utf-8"), _A_DAY),
    b"User-agent: *\nDisallow: /\n",
)
NO_ICON = Response(204, (_A_DAY,))
LIVE = Response(200, (("Content-Type", "application/json"), _NEVER_KEPT), b'{"live":true}')


class WellKnownResource:
    """Gives the same kind of answer to every GET and HEAD."""

    def __init__(self, answer: Callable[[], Response], bad_method: Response) -> None:
        self._answer = answer
        self._bad_method = bad_method

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer; whoever sends it leaves the body out for HEAD."""
        write(resp, self._answer())

    on_head = on_get

    def on_options(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Refuse, as any method but GET and HEAD."""
        write(resp, self._bad_method)


class RedisState(NamedTuple):
    """How Redis is.

    Attributes:
        fault: why it doesn't do what visitors need; empty if it does.
        note: what isn't well all the same.
    """

    fault: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a worker can do now.

    Attributes:
        redis_fault: why Redis doesn't do what visitors need; empty if it does.
        links: how many links it knows.
        spool_fault: why the spool can't be written; empty if it can.
        instance: says whose worker it is.
        redis_note: what isn't well though Redis does that.
    """

    redis_fault: str
    hears_changes: bool
    links: int
    spool_fault: str
    instance: str
    redis_note: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether visitors should be sent here.

        Without Redis a worker still redirects over the links that it knows, and keeps the clicks
        in the spool; taking it out of service would make the outage worse.
        """
        return not self.redis_fault or (self.links > 0 and not self.spool_fault)

    def response(self) -> Response:
        """Return 200 or 503 with the reasons as JSON."""
        body = {
            "ready": self.is_ready,
            "redis": self.redis_fault or self.redis_note or "well",
            "link_changes": "heard" if self.hears_changes else "not heard",
            "links_known": self.links,
            "spool": self.spool_fault or "well",
        }
        return Response(
            200 if self.is_ready else 503,
            (("Content-Type", "application/json"), _NEVER_KEPT, (HEADER, self.instance)),
            orjson.dumps(body),
        )


def readiness(redis: RedisState, lookup: KnownLinks, spool: Spool, instance: str) -> Readiness:
    """Return how the worker is.

    Args:
        instance: says whose worker it is.
    """
    return Readiness(
        redis_fault=redis.fault,
        hears_changes=lookup.is_watching,
        links=len(lookup),
        spool_fault=spool.fault,
        instance=instance,
        redis_note=redis.note,
    )


def redis_fault(pipeline: Pipeline, stream: str, slow_after_seconds: float) -> str:
    """Return why Redis doesn't do what visitors need, or nothing; blocks the calling greenlet.

    It has to read a link, and to take a click that can't be: a PING works where neither does.

    Args:
        stream: where clicks go.
        slow_after_seconds: unanswered for this long, Redis counts as away.
    """
    if pipeline.oldest_age() >= slow_after_seconds:
        return _AWAY
    # Before Redis sees that the id can't be, it looks at rights, memory, disk, role and replicas.
    click = encode_command(b"XADD", stream.encode(), b"NOMKSTREAM", b"0-0", b"a", b"1")
    try:
        pipeline.call(_READ, slow_after_seconds)
        pipeline.call(click, slow_after_seconds)
    except hiredis.ReplyError as error:
        return "" if _NO_SUCH_ID in str(error) else f"refuses: {error}"
    except PipelineError:
        return _AWAY
    return ""
