"""Service that puts the parts of one redirect worker process together."""

import logging
from contextlib import suppress
from functools import lru_cache
from typing import Any

import gevent
from prometheus_client import CollectorRegistry

from app.audit.spool_note import SpoolNote
from app.clicks.bots import Bots
from app.config.settings import Settings
from app.config.shards import written_shards
from app.http.request_ids import RequestIds
from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.backpressure import Backpressure
from app.redirect.clicks.click_sink import ClickSink
from app.redirect.clicks.drain import Drain
from app.redirect.clicks.shard_choice import choice_of
from app.redirect.gauges import watch
from app.redirect.link_resource import Collaborators
from app.redirect.links.click_limits import ClickLimits
from app.redirect.links.lookup import Lookup
from app.redirect.links.lost_changes import LostChangeDetector
from app.redirect.links.tracking import Tracking
from app.redirect.pages import Pages
from app.redirect.publishing import Publishing
from app.redirect.redis.failover import FailoverMonitor
from app.redirect.redis.locator import Locator
from app.redirect.redis.replicated_pipeline import pipeline_maker
from app.redirect.spool.file import SpoolError, SpoolFile
from app.redirect.spool.leftovers import SpoolLeftovers
from app.redirect.spool.repair import Damage
from app.redirect.spool.retransmit_buffer import RetransmitBuffer
from app.redirect.spool.spool import damage_counter
from app.redirect.visits.click_ids import VisitIds
from app.redirect.visits.client_address import ClientAddress
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.stores.redis.address import parse_url
from app.stores.redis.server import look_seconds

logger = logging.getLogger(__name__)

#: A worker that starts while Redis is away is not held back for longer than this.
_FIRST_CONNECTION_SECONDS = 1.0
_STOP_SECONDS = 5.0
#: Of at most a field's bytes each: some 2 MB.
_REMEMBERED_USER_AGENTS = 2048


class RedirectService:
    """Everything that a worker process holds beside its web server.

    Make it after the fork: it belongs to the event loop of its process.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.registry = CollectorRegistry()
        self.metrics = RedirectMetrics(self.registry)
        self._publishing = Publishing(
            self.registry, settings.metrics_of("redirect"), self.metrics.chore_failures
        )
        idle: Any = gevent.get_hub().loop.idle()
        self._retransmit_buffer = RetransmitBuffer(
            settings.resend_seconds, self._note_short_buffer, idle=idle
        )
        self._throttled = ThrottledLog(logger)
        self._shard = written_shards(settings)[0]
        self._encoder = XaddEncoder(self._shard.stream, self._shard.stream_maxlen)
        self._note = self._look_at_note()
        self._connect()
        self._take_clicks()
        self._drain = Drain(
            self._open_spool(),
            self.pipeline,
            self._encoder,
            self.backpressure,
            self.metrics,
            self._note,
            clicks_per_second=settings.spool_drain_per_second,
        )
        self._leftovers = SpoolLeftovers(
            self._open_spool(), settings.spool_damaged_days, self.metrics
        )
        bots = Bots()
        self.collaborators = Collaborators(
            lookup=self.lookup,
            click_limits=self._click_limits,
            recorder=self.clicks.recorder,
            encoder=self._encoder,
            pages=Pages(),
            client_address=ClientAddress(settings.trusted_proxies, settings.client_address_header),
            is_bot=lru_cache(_REMEMBERED_USER_AGENTS)(lambda raw: bool(bots.name(raw.decode()))),
            request_ids=RequestIds(settings.trusted_proxies),
            visit_ids=VisitIds(settings.trusted_proxies, self.metrics.visits_misnamed),
        )

    def _connect(self) -> None:
        """Make what asks Redis; nothing is sent before the start."""
        settings = self.settings
        address = parse_url(settings.redis_url)
        self._locator = Locator(address)
        timeout_seconds = settings.redis_timeout_seconds
        task_failures = self.metrics.chore_failures
        self.pipeline = pipeline_maker(settings, self.metrics)(
            self._locator,
            name="hopline-redirect",
            timeout_seconds=timeout_seconds,
            task_failures=task_failures,
            on_answered=self._retransmit_buffer.add,
        )
        self.lookup = Lookup(self.pipeline, settings, self.metrics)
        self.failover_monitor = FailoverMonitor(
            self.pipeline,
            self._locator,
            name="hopline-redirect-following",
            look_seconds=look_seconds(address),
            timeout_seconds=timeout_seconds / 2,
            task_failures=task_failures,
        )
        watch(self.metrics, self.pipeline, self.lookup, self.failover_monitor, self._locator)
        self.lost_changes = LostChangeDetector(
            self.lookup, self.pipeline, self.metrics, seconds=settings.resend_seconds
        )
        self.pipeline.on_new_server.append(self.lost_changes.doubt)
        self.tracking = Tracking(
            self.pipeline,
            self.lost_changes,
            name="hopline-redirect-tracking",
            timeout_seconds=timeout_seconds / 2,
            task_failures=task_failures,
        )
        self.backpressure = Backpressure(
            self.pipeline,
            self.metrics,
            shards=choice_of(settings, self._encoder),
            group=settings.group,
            maxlen=self._shard.stream_maxlen,
            timeout_seconds=timeout_seconds,
        )

    def _take_clicks(self) -> None:
        """Make what takes clicks and counts uses, and have both hear of a new server."""
        self.clicks = ClickSink(
            self.pipeline,
            self._open_spool(),
            self._retransmit_buffer,
            self.backpressure,
            self.metrics,
            budget_seconds=self.settings.record_budget_ms / 1000,
        )
        self._click_limits = ClickLimits(
            self.pipeline,
            self.settings.lookup_timeout_seconds,
            resend_seconds=self.settings.resend_seconds,
        )
        # Uses before the clicks: from then on visitors may ask for them.
        self.pipeline.on_new_server += (
            self._click_limits.tell_again,
            self.clicks.recorder.retransmit,
        )

    def _look_at_note(self) -> SpoolNote:
        """Tell of a spool that was deleted while no worker ran, before a new one is made."""
        note = SpoolNote(self.settings.spool_directory)
        if lost := note.miss():
            text = f"{self.settings.spool_directory} was deleted, and {lost} clicks with it"
            damage_counter(self.metrics)(Damage("database", 1, text))
        return note

    def _note_what_waits(self) -> None:
        file = self._open_spool()
        with suppress(SpoolError):
            self._note.write(file.count())
        file.close()

    def _open_spool(self) -> SpoolFile:
        settings, on_damage = self.settings, damage_counter(self.metrics)
        return SpoolFile(settings.spool_directory, settings.spool_max_bytes, on_damage)

    def start(self) -> None:
        """Connect to Redis, waiting a moment for it, and look after the spool."""
        self._publishing.start()
        self.pipeline.start()
        self.tracking.start()
        self.lost_changes.start()
        self.failover_monitor.start()
        self.pipeline.connected.wait(_FIRST_CONNECTION_SECONDS)
        self.backpressure.start()
        self._drain.start()
        self._leftovers.start()
        self.clicks.start()

    def close(self) -> None:
        """Bring every click that was taken to Redis or to disk, and end all connections."""
        self._drain.close()
        self._leftovers.close()
        self.backpressure.close()
        self.failover_monitor.close()
        self.tracking.close()
        self.lost_changes.close()
        self.pipeline.close(self.settings.record_budget_ms / 1000)
        self._locator.close()
        self.clicks.close(_STOP_SECONDS)
        self._note_what_waits()
        self._publishing.close()

    def _note_short_buffer(self, count: int, seconds: float) -> None:
        self.metrics.clicks_unguarded.inc(count)
        self._throttled.warning(
            "short",
            "Memory for the last confirmed clicks covers %.1f s at this rate: were Redis to lose"
            " older ones, they would not be sent again",
            seconds,
        )
