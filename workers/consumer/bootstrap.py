"""Bootstrap that makes one consumer process, from its first line to its exit code."""

import faulthandler
import gc
import logging
import os
import secrets
import signal
import socket
import sys
import time

import redis
from prometheus_client import CollectorRegistry
from setproctitle import setproctitle

from app.clicks.click import decode
from app.config.settings import Settings
from app.dead_letters.store import open_dead_letters
from app.logs.setup import configure
from app.metrics.publisher import published
from app.metrics.workers import WorkerMetrics
from app.processes.child import signal_at_parents_end
from app.stores.redis.agreement import OneServer
from app.stores.redis.client import connect, require_version
from app.stores.redis.connection import RedisConnection
from app.stores.redis.errors import RedisRefused, RedisUnavailable, translated
from app.verdicts.modes import read_modes
from workers.clickhouse.freshness import Freshness
from workers.clickhouse.writer import Writer
from workers.consumer.batcher import Batcher, BatchSize
from workers.consumer.circuit_breaker import Breaker
from workers.consumer.consumer import Consumer
from workers.consumer.dead_letters import LetterBounds, Letters
from workers.consumer.liveness import longest_rest_seconds, longest_work_seconds
from workers.consumer.maintenance import Maintenance
from workers.consumer.processor import Processor
from workers.consumer.sink import Sink
from workers.consumer.source import Pace, Source
from workers.enrich.enricher import Enricher
from workers.enrich.places.database import BadPlaceDatabase
from workers.enrich.places.places import Places, Standing
from workers.enrich.salts import Salts
from workers.enrich.traffic import Traffic
from workers.enrich.user_agent import UserAgents
from workers.enrich.verdicts import Verdicts
from workers.enrich.visitor import Visitors
from workers.process.cpu_time import cpu_time
from workers.process.heartbeat import Heartbeat, Pulse, deadman
from workers.process.signals import Signals, Stop
from workers.stream.admin import StreamAdmin
from workers.stream.aof_rewrite import Rewriting
from workers.stream.failover import FailoverMonitor
from workers.stream.lease import Fence, Fenced
from workers.stream.names import Names
from workers.stream.stream import Stream

logger = logging.getLogger(__name__)

#: Exit code of a consumer that could not begin, as opposed to one that began and died.
BOOT_FAILED = 3
#: Exit code of a consumer whose entries were claimed while it slept.
FENCED = 4
#: They may come to every process of a terminal or a service, and are the supervisor's to decide on.
NOT_FOR_CONSUMERS = (
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGUSR1,
)
#: Makes a consumer write the stacks of its threads to stderr, whatever it is doing.
STACKS_SIGNAL = signal.SIGUSR2
#: Held back from a consumer until it is ready to take them; see :func:`boot`.
HELD_SIGNALS = (*NOT_FOR_CONSUMERS, signal.SIGTERM, STACKS_SIGNAL)
#: Share of the drain time after which a consumer gives up by itself, and says so, before the
#: supervisor kills it.
_DRAIN_SHARE = 0.9
_ALLOCATIONS_BETWEEN_COLLECTIONS = 50_000


def boot(
    settings: Settings, supervisor_pid: int, name: str, predecessor: str, heartbeat: Heartbeat
) -> None:
    """Be a consumer until told to stop; the supervisor starts it with HELD_SIGNALS blocked.

    Args:
        name: as :func:`consumer_name` returns it.
        predecessor: name of the consumer whose slot it takes, which is dead; '' for none.
        heartbeat: in memory that the supervisor sees.
    """
    for number in NOT_FOR_CONSUMERS:
        signal.signal(number, signal.SIG_IGN)
    # Its handler is no Python code, so a call that never returns does not keep it waiting.
    faulthandler.register(STACKS_SIGNAL)
    faulthandler.enable()
    setproctitle(f"hopline: consumer {name}")
    configure(settings, name)
    with Signals(signal.SIGTERM) as signals:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
        die_with(supervisor_pid)
        # A rest and a turn of work: more than either may take, so a supervisor that lives is first.
        arm = deadman(longest_rest_seconds(settings) + longest_work_seconds(settings))
        consume(settings, name, predecessor, Pulse(heartbeat, arm=arm), signals)


def consume(
    settings: Settings, name: str, predecessor: str, pulse: Pulse, signals: Signals
) -> None:
    """Work until a signal comes; exits with :data:`BOOT_FAILED`, or 1 when it can't go on."""
    stop = Stop(signals, settings.drain_seconds * _DRAIN_SHARE, time.monotonic)
    registry = CollectorRegistry()
    server = OneServer(settings.redis_url)
    failover = FailoverMonitor(
        settings.redis_url, server, settings.redis_timeout_seconds, near=settings.stream
    )
    try:
        consumer = make_consumer(settings, name, stop, predecessor, pulse, registry, server)
    except (RedisRefused, BadPlaceDatabase) as error:
        logger.critical("can't begin: %s", error)
        sys.exit(BOOT_FAILED)
    # What is there now stays, so the collector of cycles need not look at it again and again; what
    # clicks are made of has none, and at the usual pace it would take a fifth of the time.
    gc.freeze()
    gc.enable()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS)
    try:
        with published(registry, settings.metrics_of("workers")), failover.running():
            consumer.run()
    except Fenced as error:
        logger.error("%s and must end: its successor goes on", error)
        sys.exit(FENCED)
    except RedisRefused as error:
        logger.critical("can't go on: %s", error)
        sys.exit(1)
    logger.info("drained")


def consumer_name() -> str:
    """Return a name that no consumer had before: entries pending under a name are its holder's."""
    # No spaces, which end a name in the record of a batch.
    host = "".join(socket.gethostname().split())
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"


def die_with(supervisor_pid: int) -> None:
    """Get SIGTERM when the supervisor dies, however it dies, and even while stopped.

    The kernel is asked for SIGCONT, see prctl(2): a stopped process takes no other signal than
    that and SIGKILL, which would leave it no time to drain.
    """

    def end_if_orphaned(*_: object) -> None:
        if os.getppid() != supervisor_pid:
            os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGCONT, end_if_orphaned)
    signal_at_parents_end(signal.SIGCONT)
    # It may have died before the kernel was asked.
    end_if_orphaned()


def make_consumer(
    settings: Settings,
    name: str,
    stop: Stop,
    predecessor: str = "",
    pulse: Pulse | None = None,
    registry: CollectorRegistry | None = None,
    server: OneServer | None = None,
) -> Consumer:
    """Put a consumer together from settings; the last three are for who wants to watch it.

    Raises:
        RedisRefused: Redis is too old, or doesn't let us in.
        BadPlaceDatabase: a file that the settings name is none.
    """
    metrics = WorkerMetrics(registry or CollectorRegistry())
    pulse = pulse or Pulse(Heartbeat())
    client = _connect(settings, name)
    server = server or OneServer(settings.redis_url)
    reads, acks = (_redis_connection(settings, client, server) for _ in range(2))
    names = _names(settings, name)
    stream = Stream(reads, acks, names, metrics)
    fence = Fence(acks, names, settings.claim_idle_seconds)
    pace = Pace(settings.batch_size, settings.block_ms, settings.claim_idle_seconds)
    breaker = Breaker(settings.breaker_share, metrics, time.monotonic)
    writer = Writer(settings.clickhouse_server, settings.clickhouse_timeout_seconds, metrics)
    admin = StreamAdmin(acks, names, metrics)
    size = BatchSize(settings.insert_rows, settings.insert_seconds)
    on_stored = (Freshness(metrics).note, pulse.note_inserted)
    # From the last step to the first, each of which hands on to the one made before it.
    sink = Sink(fence, stream, writer, breaker, metrics, stop, on_stored)
    processor = _processor(settings, metrics)
    batcher = Batcher(stream, processor, breaker, size, sink.submit)
    source = Source(
        stream, fence, pace, pulse, batcher.submit, stop.is_asked, time.monotonic, predecessor
    )
    return Consumer(
        fence,
        source,
        batcher,
        sink,
        _maintenance(settings, stream, admin, acks, names, metrics),
        metrics,
        pulse,
        stop,
    )


def _maintenance(
    settings: Settings,
    stream: Stream,
    admin: StreamAdmin,
    connection: RedisConnection,
    names: Names,
    metrics: WorkerMetrics,
) -> Maintenance:
    bounds = LetterBounds(settings.dead_maxlen, settings.dead_max_bytes, settings.dead_days)
    letters = Letters(open_dead_letters(settings), bounds, metrics, time.monotonic, admin.now_ms)
    tasks = [letters.trim]
    if settings.aof_rewrite:
        rewriting = Rewriting(connection, admin, names, time.monotonic, admin.now_ms)
        tasks.append(rewriting.look_if_due)
    horizon_seconds = settings.replay_horizon_seconds
    return Maintenance(stream, admin, horizon_seconds, time.monotonic, admin.now_ms, tasks)


def _names(settings: Settings, consumer: str) -> Names:
    # Maintenance trims dead letters before that, and lets the ledger know.
    most_letters = 2 * settings.dead_maxlen
    return Names(settings.stream, settings.group, consumer, settings.dead_stream, most_letters)


def _connect(settings: Settings, name: str) -> "redis.Redis":
    url = settings.redis_url
    # Blocking reads wait by themselves: a longer timeout would hold for every other reply as well.
    client = connect(url, timeout_seconds=settings.redis_timeout_seconds, near=settings.stream)
    try:
        with translated(url):
            logger.info("reads from %s as %s", require_version(client, url), name)
    except RedisUnavailable as error:
        logger.warning("%s; waiting for it", error)
    return client


def _redis_connection(
    settings: Settings, client: "redis.Redis", server: OneServer
) -> RedisConnection:
    return RedisConnection(client, settings.redis_url, settings.redis_timeout_seconds, server)


def _processor(settings: Settings, metrics: WorkerMetrics) -> Processor:
    # Of a cluster salts may be at another node than the stream.
    client = connect(settings.redis_url, timeout_seconds=settings.redis_timeout_seconds)
    cpu = metrics.cpu_seconds.labels

    def note(standing: Standing) -> None:
        metrics.geoip_built.set(standing.built_at)
        metrics.geoip_unusable.set(standing.unusable)

    places = Places(settings.geoip_path, settings.data_dir, note)
    visitors = Visitors(Salts(client, settings.redis_url).of_day)
    verdicts = Verdicts(read_modes(settings.rules), settings.own_networks)
    enricher = Enricher(
        UserAgents(), verdicts, places, visitors, settings.store_addresses, Traffic()
    )
    enricher.make_ready()
    return Processor(
        cpu_time(cpu("enrich"))(enricher.enrich),
        settings.max_deliveries,
        cpu_time(cpu("decode"))(decode),
    )
