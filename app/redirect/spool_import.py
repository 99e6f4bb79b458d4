"""Import that brings the clicks of a lost host's spool to Redis, as a drain does its own host's."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import gevent
from prometheus_client import CollectorRegistry

from app.config.settings import Settings
from app.config.shards import written_shards
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.click_sender import ClickSender, batch_size
from app.redirect.clicks.to_cluster import ClicksToCluster
from app.redirect.clicks.to_redis import ClicksToRedis
from app.redirect.spool.retransmit_buffer import Segment
from app.redirect.spool.rows import Row
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.stores.redis.address import is_cluster

_NAME = "hopline-spool-import"
_PAUSE_SECONDS = 0.1
#: A person is told why nothing is sent when that has lasted so long.
_TOLD_AFTER_SECONDS = 2.0
#: With AOF everysec a click is on disk after a second, or two while the disk is slow.
_TAIL_SECONDS = 2.0


class SpoolImport:
    """Sends clicks until Redis has each, however long it is away or full meanwhile.

    What a Redis that fails over may have lost is sent again, under the same ids.
    """

    def __init__(self, settings: Settings, on_wait: Callable[[str], None]) -> None:
        """Make an import that is not connected.

        Args:
            on_wait: told why nothing can be sent for the time being.
        """
        self._timeout_seconds = settings.redis_timeout_seconds
        self._on_wait = on_wait
        self._doubtful: deque[Segment] = deque()
        shard = written_shards(settings)[0]
        self._encoder = XaddEncoder(shard.stream, shard.stream_maxlen)
        make = ClicksToCluster if is_cluster(settings.redis_url) else ClicksToRedis
        self._clicks: ClicksToCluster | ClicksToRedis = make(
            settings,
            RedirectMetrics(CollectorRegistry()),
            self._encoder,
            name=_NAME,
            on_short=lambda _count, _seconds: None,
        )
        self._clicks.resend_by(self._doubtful.extend)
        self._pipeline = self._clicks.pipeline
        self._sender = ClickSender(self._pipeline, self._clicks.backpressure)
        self._batch_size = batch_size(settings.spool_drain_per_second)
        self._batch_seconds = self._batch_size / settings.spool_drain_per_second

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be connected inside the ``with`` block, or try to be."""
        self._clicks.start()
        try:
            yield
        finally:
            self._clicks.close(self._timeout_seconds)

    def send(self, rows: Sequence[Row]) -> dict[bytes, str]:
        """Return once Redis has confirmed clicks; returns ids of those it won't take, and why."""
        refused: dict[bytes, str] = {}
        for start in range(0, len(rows), self._batch_size):
            refused |= self._send(rows[start : start + self._batch_size])
        while self._doubtful:
            self._send(self._doubtful.popleft().rows())
        return refused

    def settle(self) -> None:
        """Return once Redis has had time to write to disk what it was sent, and has all of it."""
        gevent.sleep(_TAIL_SECONDS)
        self.send([])

    def _send(self, rows: Sequence[Row]) -> dict[bytes, str]:
        commands: dict[bytes, bytes] = {}
        refused: dict[bytes, str] = {}
        for click_id, command in rows:
            try:
                commands[click_id] = self._encoder.readdress(command)
            except ValueError as error:
                refused[click_id] = str(error)
        while commands:
            self._wait()
            server_number = self._pipeline.server_number
            sent = self._sender.send(commands)
            refused |= {click_id: str(error) for click_id, error in sent.refused.items()}
            if server_number == self._pipeline.server_number:
                for click_id in (*sent.confirmed, *sent.refused):
                    del commands[click_id]
            gevent.sleep(self._batch_seconds)
        return refused

    def _wait(self) -> None:
        """Wait until Redis may be sent something."""
        tell_at = time.monotonic() + _TOLD_AFTER_SECONDS
        while not self._sender.may_send():
            if time.monotonic() >= tell_at:
                self._on_wait(self._why_not())
                tell_at = float("inf")
            gevent.sleep(_PAUSE_SECONDS)

    def _why_not(self) -> str:
        if not self._pipeline.connected.is_set():
            return "Redis is away"
        reasons = {
            "backlog": "the stream is full of clicks that the workers have yet to process",
            "memory": "Redis has no memory left",
        }
        return reasons.get(self._clicks.backpressure.reason, "Redis is slow")
