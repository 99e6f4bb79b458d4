"""Service that puts the parts of one redirect worker process together."""

import logging
from contextlib import suppress
from functools import lru_cache

from prometheus_client import CollectorRegistry

from app.audit.spool_note import SpoolNote
from app.config.settings import Settings
from app.config.shards import written_shards
from app.http.networks import Networks
from app.http.request_ids import RequestIds
from app.logs.throttle import ThrottledLog
from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.click_sink import ClickSink
from app.redirect.clicks.drain import Drain
from app.redirect.link_resource import Collaborators
from app.redirect.one_redis import OneRedis
from app.redirect.pages import Pages
from app.redirect.publishing import Publishing
from app.redirect.redis_cluster import RedisCluster
from app.redirect.spool.file import SpoolError, SpoolFile
from app.redirect.spool.leftovers import SpoolLeftovers
from app.redirect.spool.repair import Damage
from app.redirect.spool.spool import damage_counter
from app.redirect.visits.click_ids import VisitIds
from app.redirect.visits.client_address import ClientAddress
from app.redirect.visits.count_only import CountOnly
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.stores.redis.address import is_cluster
from app.verdicts.modes import read_modes
from app.verdicts.user_agent import UserAgentClassifier

logger = logging.getLogger(__name__)

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
        self._throttled = ThrottledLog(logger)
        shard = written_shards(settings)[0]
        self._encoder = XaddEncoder(shard.stream, shard.stream_maxlen)
        self._note = self._look_at_note()
        make = RedisCluster if is_cluster(settings.redis_url) else OneRedis
        self.redis: OneRedis | RedisCluster = make(
            settings, self.metrics, self._encoder, self._note_short_buffer
        )
        to_redis = self.redis.clicks
        self.clicks = ClickSink(
            to_redis.pipeline,
            self._open_spool(),
            to_redis.confirmed,
            to_redis.backpressure,
            self.metrics,
            budget_seconds=settings.record_budget_ms / 1000,
        )
        self.redis.resend_by(self.clicks.recorder)
        self._drain = Drain(
            self._open_spool(),
            to_redis.pipeline,
            self._encoder,
            to_redis.backpressure,
            self.metrics,
            self._note,
            clicks_per_second=settings.spool_drain_per_second,
        )
        self._leftovers = SpoolLeftovers(
            self._open_spool(), settings.spool_damaged_days, self.metrics
        )
        classifier = UserAgentClassifier(read_modes(settings.rules))
        self.collaborators = Collaborators(
            lookup=self.redis.lookup,
            click_limits=self.redis.click_limits,
            recorder=self.clicks.recorder,
            encoder=self._encoder,
            pages=Pages(),
            client_address=ClientAddress(settings.trusted_proxies, settings.client_address_header),
            is_bot=lru_cache(_REMEMBERED_USER_AGENTS)(
                lambda raw: bool(classifier.name(raw.decode()))
            ),
            own_networks=Networks(settings.own_networks),
            is_https=settings.link_base.startswith("https://"),
            request_ids=RequestIds(settings.trusted_proxies),
            is_only_counted=CountOnly(settings.count_only),
            visit_ids=VisitIds(settings.trusted_proxies, self.metrics.visits_misnamed),
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
        self.redis.start()
        self._drain.start()
        self._leftovers.start()
        self.clicks.start()

    def close(self) -> None:
        """Bring every click that was taken to Redis or to disk, and end all connections."""
        self._drain.close()
        self._leftovers.close()
        self.redis.close()
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
