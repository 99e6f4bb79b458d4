"""Bootstrap that makes the process which tells webhooks, from its first line to its exit code."""

import faulthandler
import logging
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from prometheus_client import CollectorRegistry
from setproctitle import setproctitle

from app.changes.author import Author
from app.clicks.click import Clicks
from app.config.settings import Settings
from app.config.shards import shards_of
from app.health.redis.stream import StreamNames, read_backlogs
from app.links.link import Link
from app.links.store import open_store
from app.logs.setup import configure
from app.metrics.publisher import published
from app.metrics.workers import WebhookMetrics
from app.stores.redis.address import is_cluster
from app.stores.redis.client import connect
from app.verdicts.modes import read_modes
from app.webhooks.deliveries import open_deliveries
from app.webhooks.store import WebhookNotFound, WebhookStore, open_webhooks
from app.webhooks.webhook import Webhook
from workers.consumer.bootstrap import HELD_SIGNALS, NOT_FOR_CONSUMERS, STACKS_SIGNAL, die_with
from workers.enrich.enricher import Enricher
from workers.enrich.places.database import BadPlaceDatabase
from workers.enrich.places.places import Places
from workers.enrich.salts import SALT_BYTES
from workers.enrich.user_agent import UserAgents
from workers.enrich.verdicts import Verdicts
from workers.enrich.visitor import Visitors
from workers.process.heartbeat import Heartbeat, Pulse, deadman
from workers.process.signals import Signals, Stop
from workers.webhooks.batches import Told, told_of
from workers.webhooks.click_feed import ClickFeed
from workers.webhooks.click_group import ClickGroup
from workers.webhooks.deliverer import Deliverer, Feed
from workers.webhooks.dispatcher import Dispatcher
from workers.webhooks.link_feed import LinkFeed
from workers.webhooks.outbox import Outbox
from workers.webhooks.sending import Sender
from workers.webhooks.traffic_feed import TrafficFeed

logger = logging.getLogger(__name__)

#: Share of the drain time that what is on its way is waited for.
_DRAIN_SHARE = 0.8
#: Calls to Redis between two beats at most, when each takes as long as it may.
_REDIS_CALLS = 10
_MARGIN_SECONDS = 20.0


def longest_silence_seconds(settings: Settings) -> float:
    """Return how long it may go without a beat while it is well."""
    return _REDIS_CALLS * settings.redis_timeout_seconds + _MARGIN_SECONDS


def boot(settings: Settings, supervisor_pid: int, name: str, heartbeat: Heartbeat) -> None:
    """Tell webhooks until told to stop; the supervisor starts it with HELD_SIGNALS blocked.

    Args:
        name: one that no process had before.
        heartbeat: in memory that the supervisor sees.
    """
    for number in NOT_FOR_CONSUMERS:
        signal.signal(number, signal.SIG_IGN)
    faulthandler.register(STACKS_SIGNAL)
    faulthandler.enable()
    setproctitle("hopline: webhooks")
    configure(settings, "webhooks")
    with Signals(signal.SIGTERM) as signals:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
        die_with(supervisor_pid)
        pulse = Pulse(heartbeat, arm=deadman(2 * longest_silence_seconds(settings)))
        stop = Stop(signals, settings.drain_seconds * _DRAIN_SHARE, time.monotonic)
        registry = CollectorRegistry()
        try:
            deliverer = make_deliverer(settings, name, pulse, stop, WebhookMetrics(registry))
        except BadPlaceDatabase as error:
            logger.critical("can't begin: %s", error)
            sys.exit(1)
        with published(registry, settings.metrics_of("workers")):
            deliverer.run()
    logger.info("drained")


def make_deliverer(
    settings: Settings,
    name: str,
    pulse: Pulse,
    stop: Stop,
    metrics: WebhookMetrics,
    *,
    now: Callable[[], float] = time.time,
) -> Deliverer:
    """Put a deliverer together from settings.

    Args:
        now: clock in Unix seconds, by which links expire and deliveries are due.

    Raises:
        BadPlaceDatabase: a file that the settings name is none.
    """
    url = settings.redis_url
    client = connect(url, timeout_seconds=settings.redis_timeout_seconds)
    webhooks = open_webhooks(settings, Author("hopline", "webhooks"))
    outbox = Outbox(
        client,
        url,
        name,
        settings.webhook_retry_seconds,
        settings.webhook_backlog_bytes,
        now,
    )
    sender = Sender(settings.webhook_timeout_seconds, allow_private=settings.webhook_allow_private)
    disable = partial(_disable, webhooks)
    dispatcher = Dispatcher(outbox, sender.send, disable, metrics, now)
    held = open_store(settings)
    names = [StreamNames.of(shard) for shard in shards_of(settings)]
    traffic = TrafficFeed(outbox, held, partial(read_backlogs, client, url, names))
    changes = LinkFeed(
        client,
        url,
        outbox,
        held,
        settings.link_base,
        metrics,
        is_cluster=is_cluster(url),
        now=now,
    )

    def on_clicks(
        clicks: Clicks,
        told: Sequence[Told],
        links: Mapping[str, Link],
        listening: Sequence[Webhook],
    ) -> None:
        traffic.note(clicks, told, links, listening)
        changes.note(clicks, told, links, listening)

    describe = _describer(settings)
    streams = [
        ClickFeed(
            ClickGroup(client, url, shard.stream, settings.group, metrics),
            outbox,
            held,
            describe,
            on_clicks,
        )
        for shard in shards_of(settings)
    ]
    feeds: list[Feed] = [changes, *streams, traffic]
    deliveries = open_deliveries(settings)
    return Deliverer(outbox, webhooks, deliveries, feeds, dispatcher, pulse, stop)


def _disable(webhooks: WebhookStore, webhook_id: str, why: str) -> None:
    try:
        webhooks.disable(webhook_id, why)
    except WebhookNotFound:
        logger.info("webhook %s is gone", webhook_id)


def _describer(settings: Settings) -> Callable[[Clicks], list[Told]]:
    """Return what makes of clicks what webhooks are told.

    Raises:
        BadPlaceDatabase: a file that the settings name is none.
    """
    places = Places(settings.geoip_path, settings.data_dir, lambda _: None)
    verdicts = Verdicts(read_modes(settings.rules), settings.own_networks)
    # Of visitors webhooks hear nothing, so that their ids need no salt.
    visitors = Visitors(lambda _: bytes(SALT_BYTES))
    enricher = Enricher(UserAgents(), verdicts, places, visitors, "none")
    return lambda clicks: told_of(enricher.enrich(clicks, time.time_ns() // 1_000_000))
