"""Testbed: all that is under test, as production runs it, with proxies between the parts."""

import logging
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Self

import psutil
from redis import Redis

from app.config.settings import Settings
from app.config.shards import shards_of
from app.links.store import open_store
from app.local.clickhouse import clickhouse_url, embedded_program, memory_limit_bytes
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from app.local.ports import LOOPBACK
from app.local.services import gunicorn_program, workers_program
from app.local.valkey import valkey_program, valkey_url
from app.processes.child import Program, adopt_orphans
from app.schema.migrations import migrate
from loadtest.common.processes import below
from tests.chaos.testbed import reverse_proxies
from tests.chaos.testbed.log_pipe import LogPipe
from tests.chaos.testbed.redis_pair import RedisPair, RedisServer
from tests.chaos.testbed.warp import Warp
from tests.chaos.visitors.codes import CLICK_LIMIT, MOVING, STEADY, target_of
from tests.support.installation import Installation
from tests.support.power_loss import PowerLoss
from tests.support.servers import free_port, store_binary
from tests.support.service import Service
from tests.support.tcp_proxy import CuttingProxy

logger = logging.getLogger(__name__)

#: Seconds after which a consumer that is silent counts as dead: short, so that a run of a minute
#: sees consumers that sleep for longer.
LEASE_SECONDS = 3.0
CONSUMERS = 3
REDIRECT_WORKERS = 2
_READY_SECONDS = 60.0
_WORKERS = "workers"
MACHINES = ("redirect", "redis", "workers")
_MEMORY_BOUND = re.compile("(<max_server_memory_usage>)[0-9]+")
_STORE_SECONDS = 3.0
#: Beside production's defaults: everything that takes its time is made quicker than its faults.
_TUNING = {
    "redirect_workers": REDIRECT_WORKERS,
    "consumers": CONSUMERS,
    "claim_idle_seconds": LEASE_SECONDS,
    "clickhouse_timeout_seconds": _STORE_SECONDS,
    "insert_seconds": 0.5,
    # Longer than it takes to count at the end: the audit sees a loss on both sides of ClickHouse
    # while the stream holds the click.
    "replay_horizon_seconds": 600.0,
    "log_level": "INFO",
    "trusted_proxies": (f"{LOOPBACK}/32",),
}


class Testbed(Installation):
    """The services, the proxies between them, and what may be done to all of that.

    As a context manager: at the end nothing of it is left but its folder.

    Attributes:
        redirect_link, workers_link, clickhouse_link: the proxies between the redirect service and
            Redis, the workers and Redis, the workers and ClickHouse.
        operator_link: where people's own commands reach Redis; only a fail-over touches it.
        reverse_proxies: nginx and Caddy in front of the redirect service.
        visit: tells the visitors how to behave, see :mod:`tests.chaos.visitors.behaviour`.
    """

    def __init__(
        self,
        directory: Path,
        store: str,
        workers_module: str,
        maxlen: int | None = None,
        shards: int = 1,
    ) -> None:
        super().__init__(directory)
        #: What went wrong beside lost and doubled clicks, in words.
        self.complaints: list[str] = []
        self.visit: Callable[..., None] = lambda **_: None
        #: By machine: those of the redirect service, of Redis and of the workers.
        self.warps = {name: Warp(self._folder(f"on-{name}")) for name in MACHINES}
        clickhouse_port, self.port = free_port(), free_port()
        self.redirect_link, self.workers_link = CuttingProxy(0), CuttingProxy(0)
        self.operator_link, self.clickhouse_link = CuttingProxy(0), CuttingProxy(clickhouse_port)
        self.settings = self._settings(
            valkey_url(self.operator_link.port), clickhouse_url(clickhouse_port), maxlen, shards
        )
        binary = store_binary(store)
        names = [self.redirect_link, self.workers_link, self.operator_link]
        self.redis_pair = RedisPair(lambda name: self._redis(binary, name), names)
        library = fetch(CLICKHOUSE_LIBRARY, self.settings.cache_dir)
        clickhouse = embedded_program(library, self._folder("clickhouse"), clickhouse_port)
        self.power = PowerLoss(directory / "clickhouse")
        # Its waits are made against the wall clock, which the kernel would not shift with it.
        self.clickhouse = Service(clickhouse, directory / "clickhouse.log", self.power.environ)
        self.log_pipe = LogPipe(directory / "redirect.log")
        self.redirect = Service(self._redirect(), self.log_pipe.path, self._warped("redirect"))
        self.workers = self._service(self._workers(workers_module), self._warped("workers"))
        self.reverse_proxies = [
            make(directory / name, free_port(), self.port)
            for name, make in (("nginx", reverse_proxies.nginx), ("caddy", reverse_proxies.caddy))
        ]
        self._in_front = [self._service(one.program, {}) for one in self.reverse_proxies]

    def __enter__(self) -> Self:
        adopt_orphans()
        with ExitStack() as opened:
            opened.callback(self._end)
            for each in (
                self.redirect_link,
                self.workers_link,
                self.operator_link,
                self.clickhouse_link,
                self.redis_pair.replica_link,
                self.redis_pair.master.aof_tail,
                self.redis_pair.spare.aof_tail,
                self.log_pipe,
            ):
                opened.enter_context(each)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def valkey(self) -> Service:
        """The Redis that is the master at this moment."""
        return self.redis_pair.master.service

    def pick_stream(self, random: Random) -> str:
        """Return the stream, or one of them, that something is done to."""
        streams = [shard.stream for shard in shards_of(self.settings)]
        return streams[0] if len(streams) == 1 else random.choice(streams)

    def service(self, name: str) -> Service:
        """Return ``redirect``, ``workers``, ``clickhouse``, or ``valkey`` for the master."""
        found: Service = getattr(self, name)
        return found

    @property
    def spool_dirs(self) -> list[Path]:
        """Where clicks wait while Redis is away."""
        return [self.settings.spool_dir or self.settings.data_dir / "spool"]

    @property
    def kept(self) -> tuple[Service, ...]:
        return (*self.services, *self._in_front)

    @property
    def services(self) -> tuple[Service, ...]:
        """What a machine that dies takes with it; proxies stand on another."""
        return (self.valkey, self.clickhouse, self.redirect, self.workers)

    def start(self, limited_codes: list[str]) -> None:
        """Start everything, with our tables and some links, and wait until all of it answers."""
        for store in (self.valkey, self.clickhouse):
            store.keep()
            store.wait_until_ready(_READY_SECONDS)
        migrate(self.settings.clickhouse_url, timeout_seconds=_READY_SECONDS, ttl_days=0)
        links = open_store(self.settings)
        for code in (*STEADY, *MOVING):
            links.create({"target": target_of(0)}, code=code)
        for code in limited_codes:
            links.create({"target": target_of(0), "click_limit": CLICK_LIMIT}, code=code)
        for service in (self.redirect, self.workers, *self._in_front):
            service.keep()
            service.wait_until_ready(_READY_SECONDS)

    def complain(self, text: str) -> None:
        """Note something that fails the run."""
        logger.warning("%s", text)
        self.complaints.append(text)

    def consumers(self) -> list[psutil.Process]:
        """Return the consumer processes, told by their titles."""
        return below(self.workers.pid, "hopline: consumer", recursive=False)

    def who_answers(self) -> dict[str, list[int]]:
        """Return the processes between a visitor and the answer, by what they are."""
        serving = {"redirect": self.redirect, "redis": self.valkey} | {
            one.name: proxy for one, proxy in zip(self.reverse_proxies, self._in_front, strict=True)
        }
        return {
            role: [process.pid for process in service.processes()]
            for role, service in serving.items()
        }

    def redis(self) -> "Redis":
        """Return a client that goes past the proxies; it is the caller's to close."""
        return Redis.from_url(self.settings.redis_url, socket_timeout=_STORE_SECONDS)

    def limit_clickhouse(self, memory_bytes: int | None) -> None:
        """Start ClickHouse anew with a bound of memory; None for its usual one."""
        config = self.directory / "clickhouse" / "config.xml"
        usual = memory_limit_bytes(psutil.virtual_memory().total)
        text = _MEMORY_BOUND.sub(rf"\g<1>{memory_bytes or usual}", config.read_text())
        config.write_text(text)
        self.clickhouse.kill()

    def _settings(self, redis_url: str, url: str, maxlen: int | None, shards: int) -> Settings:
        given = _TUNING | {
            **({"stream_maxlen": maxlen} if maxlen else {}),
            # One for each stream, and for that without shards.
            **({"stream_shards": shards, "consumers": shards + 1} if shards > 1 else {}),
            "redis_url": redis_url,
            "clickhouse_url": url,
            "redirect_bind": f"{LOOPBACK}:{self.port}",
            # Not the usual places, where another Hopline of this machine may show its own.
            "redirect_metrics_bind": f"{LOOPBACK}:{free_port()}",
            "workers_metrics_bind": f"{LOOPBACK}:{free_port()}",
            "data_dir": self.directory / "data",
            "cache_dir": Settings(_env_file=None).cache_dir,
        }
        return Settings(_env_file=None, **given)

    def _redirect(self) -> Program:
        through = self.settings.model_copy(
            update={"redis_url": valkey_url(self.redirect_link.port)}
        )
        return gunicorn_program("redirect", through, self.environ(through))

    def _workers(self, module: str) -> Program:
        urls = {
            "redis_url": valkey_url(self.workers_link.port),
            "clickhouse_url": clickhouse_url(self.clickhouse_link.port),
        }
        through = self.settings.model_copy(update=urls)
        program = workers_program(through, self.environ(through))
        if module == _WORKERS:
            return program
        # They don't show their state as ours do.
        return replace(program, argv=(*program.argv[:-1], module), is_ready=self._has_group)

    def _has_group(self) -> bool:
        with self.redis() as client:
            stream = self.settings.stream
            return bool(client.exists(stream) and client.xinfo_groups(stream))

    def _redis(self, binary: Path, name: str) -> RedisServer:
        port, folder = free_port(), self._folder(name)
        return RedisServer(
            folder, port, valkey_program(binary, folder, port), self._warped("redis")
        )

    def _warped(self, machine: str) -> dict[str, str]:
        return self.warps[machine].environ
