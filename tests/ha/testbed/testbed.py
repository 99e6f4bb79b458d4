"""Testbed: servers under Sentinel, ClickHouse, redirect services of several hosts, and workers."""

import itertools
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

import psutil
from redis import Redis

from app.config.settings import Settings
from app.links.store import open_store
from app.local.clickhouse import clickhouse_url, embedded_program
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from app.local.ports import LOOPBACK, http_status
from app.local.services import gunicorn_program, workers_program
from app.local.valkey import valkey_binary
from app.processes.child import Program, adopt_orphans, wait_for
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from loadtest.common.processes import tree
from tests.chaos.testbed.service import Service
from tests.chaos.visitors.codes import target_of
from tests.ha.options import Options
from tests.ha.testbed.moving_name import MovingName
from tests.ha.testbed.redis_group import RedisGroup, login
from tests.support.servers import environ_of, free_port, redis_server_7

#: Hosts that redirect, each with one worker, so that it is known who has heard of a change.
HOSTS = 2
#: Users of the reference configuration.
_REDIRECT, _HOPLINE = "hopline-redirect", "hopline"
CONSUMERS = 2
#: What a redirect answers.
FOUND = 302
_LINKS = 20
_SWITCHED_LINKS = 200
_READY_SECONDS = 120.0
_QUERY_SECONDS = 60.0
_TUNING = {
    "redirect_workers": 1,
    "redirect_metrics_bind": "off",
    "workers_metrics_bind": "off",
    "consumers": CONSUMERS,
    # Nothing is trimmed before it has been looked at.
    "replay_horizon_seconds": 3_600.0,
}


class Testbed:
    """All that is under test; as a context manager, at whose end nothing is left but its folder.

    Args:
        store: of :data:`tests.ha.options.STORES`.
        down_after_seconds: how long a master is silent before Sentinels count it as down.

    Attributes:
        settings: of the operator's commands.
        ports: where the hosts redirect.
        codes, switched_codes: links that visitors follow, and those that are disabled by turns.
    """

    def __init__(
        self,
        directory: Path,
        store: str,
        down_after_seconds: float,
        options: Options,
    ) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.group = RedisGroup(directory, _binary(store), down_after_seconds, options.min_replicas)
        self._name = MovingName(self.group)
        self._by = options.by
        self._confirm = options.confirm
        clickhouse_port = free_port()
        self._clickhouse_url = clickhouse_url(clickhouse_port)
        self.ports = tuple(free_port() for _ in range(HOSTS))
        self.codes = tuple(f"code{number}" for number in range(_LINKS))
        self.switched_codes = tuple(f"switch{number}" for number in range(_SWITCHED_LINKS))
        _, self.settings = self._configured("operator", _HOPLINE)
        library = fetch(CLICKHOUSE_LIBRARY, self.settings.cache_dir)
        program = embedded_program(library, self._folder("clickhouse"), clickhouse_port)
        self.clickhouse = self._service("clickhouse", program)
        self.hosts = {
            f"host{number}": self._redirect(f"host{number}", port)
            for number, port in enumerate(self.ports, 1)
        }
        environ, settings = self._configured("workers", _HOPLINE)
        self.workers = self._service("workers", workers_program(settings, environ))

    def __enter__(self) -> Self:
        adopt_orphans()
        self._name.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._name.__exit__()
        for service in (self.workers, *self.hosts.values(), self.clickhouse):
            service.kill()
        self.group.kill_all()
        left = psutil.Process().children(recursive=True)
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=_READY_SECONDS)

    def start(self) -> None:
        """Start everything, with our tables and links, and wait until all of it answers."""
        self.clickhouse.spawn()
        self.group.start()
        self.clickhouse.wait_until_ready(_READY_SECONDS)
        migrate(self.settings.clickhouse_url, timeout_seconds=_READY_SECONDS, ttl_days=0)
        links = open_store(self.settings)
        for code in (*self.codes, *self.switched_codes):
            links.create({"target": target_of(0)}, code=code)
        for service in (*self.hosts.values(), self.workers):
            service.spawn()
        for service in (*self.hosts.values(), self.workers):
            service.wait_until_ready(_READY_SECONDS)
        self._get_known()

    def keep(self) -> None:
        """Bring back what has ended and wasn't killed on purpose; main thread only."""
        for service in (self.clickhouse, *self.hosts.values(), self.workers):
            service.keep()

    def wait(self, condition: Callable[[], object], seconds: float) -> bool:
        """Keep everything up until a condition holds; tell whether it did in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.keep()
            time.sleep(0.05)
        return True

    @property
    def ways(self) -> dict[str, int]:
        """Where visitors come in, by host."""
        return dict(zip(self.hosts, self.ports, strict=True))

    @property
    def spool_dirs(self) -> list[Path]:
        """Where each host's clicks wait while Redis is away."""
        return [self.directory / name / "spool" for name in self.hosts]

    def who_answers(self) -> dict[str, list[int]]:
        """Return the processes that a visitor's answer needs, by what they are."""
        serving = {name: host.processes() for name, host in self.hosts.items()}
        pids = [node.server.pid for node in self.group.servers if node.server.is_running]
        serving["redis"] = [one for pid in pids for one in tree(pid)]
        return {role: [one.pid for one in processes] for role, processes in serving.items()}

    def redis(self) -> "Redis":
        """Return a client of the master that Sentinels name; it is the caller's to close.

        Raises:
            redis.exceptions.RedisError: there is none.
        """
        return Redis.from_url(
            _url_of(_HOPLINE, self.group.master().port), socket_timeout=_QUERY_SECONDS
        )

    def ask_clickhouse(self, query: str, columnar: bool = False) -> Any:
        """Run a query over a connection of its own."""
        with connect(self.settings.clickhouse_url, timeout_seconds=_QUERY_SECONDS) as client:
            return client.execute(query, columnar=columnar)

    def _get_known(self) -> None:
        """Have every host look every link up: one that it must ask for may be late."""
        for port, code in itertools.product(self.ports, self.codes):
            knows = partial(_redirects, f"{LOOPBACK}:{port}", code)
            if not wait_for(knows, _READY_SECONDS):
                raise TimeoutError(f"{code} is not known at {port}")

    def _redirect(self, name: str, port: int) -> Service:
        bind = {"redirect_bind": f"{LOOPBACK}:{port}"}
        environ, settings = self._configured(name, _REDIRECT, **bind)
        return self._service(name, gunicorn_program("redirect", settings, environ))

    def _configured(self, name: str, user: str, **more: object) -> tuple[dict[str, str], Settings]:
        """Return the environment of one host's or command's processes, and their settings."""
        given = {
            **_TUNING,
            "redis_url": self._url(user),
            "confirm": self._confirm,
            "clickhouse_url": self._clickhouse_url,
            "data_dir": self._folder(name),
            "cache_dir": Settings(_env_file=None).cache_dir,
            **more,
        }
        return environ_of(**given), Settings(_env_file=None, **given)

    def _url(self, user: str) -> str:
        if self._by == "sentinels":
            return self.group.url(user)
        first, *_ = self.group.servers
        return _url_of(user, self._name.port if self._by == "name" else first.port)

    def _service(self, name: str, program: Program) -> Service:
        return Service(program, self.directory / f"{name}.log", {})

    def _folder(self, name: str) -> Path:
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        return folder


def _url_of(user: str, port: int) -> str:
    return f"redis://{login(user)}@{LOOPBACK}:{port}/0"


def _redirects(bind: str, code: str) -> bool:
    return http_status(bind, f"/{code}") == FOUND


def _binary(store: str) -> Path:
    if store == "valkey":
        return valkey_binary()
    binary = redis_server_7()
    if binary is None:
        raise FileNotFoundError("redis-server is not installed (Debian: apt install redis-server)")
    return binary
