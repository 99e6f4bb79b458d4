"""Testbed: hosts of Hopline, with its stores run in some way, for a scenario to break."""

import itertools
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from redis import Redis

from app.config.settings import Settings
from app.health.worker_status import WorkerStates
from app.links.store import open_store
from app.local.ports import http_status
from app.processes.child import adopt_orphans, wait_for
from app.stores.redis.client import connect
from loadtest.common.processes import tree
from tests.chaos.visitors.codes import target_of
from tests.ha.testbed.clickhouse_side import ClickHouseSide
from tests.ha.testbed.redis_side import RedisSide
from tests.support.hosts import REPOSITORY, Host, Release
from tests.support.installation import Installation
from tests.support.network import HERE, Place
from tests.support.service import Service

#: Users of the reference configuration.
_REDIRECT, _HOPLINE = "hopline-redirect", "hopline"
#: How the roles begin of those who count clicks, for whom no visitor waits.
COUNTS = "counts"
#: What a redirect answers.
FOUND = 302
_LINKS = 20
_SWITCHED_LINKS = 200
_READY_SECONDS = 300.0
_MOST_STARTS = 10
_SHOWN_LINES = 20
_TUNING = {
    "workers_metrics_bind": "off",
    # Nothing is trimmed before it has been looked at.
    "replay_horizon_seconds": 3_600.0,
}
TWO_HOSTS = (HERE,) * 2


class Testbed(Installation):
    """All that is under test; as a context manager, at whose end nothing is left but its folder.

    Args:
        places: where the hosts are. Each redirects by one worker, so that it is known who has
            heard of a change, and has workers of its own.
        release: what they run.
        tuning: settings of all of them, by field.

    Attributes:
        codes, switched_codes: links that visitors follow, and those that are disabled by turns.
    """

    def __init__(
        self,
        directory: Path,
        redis_side: RedisSide,
        clickhouse_side: ClickHouseSide,
        places: Sequence[Place] = TWO_HOSTS,
        release: Release | None = None,
        **tuning: object,
    ) -> None:
        super().__init__(directory)
        self.redis_side = redis_side
        self.clickhouse_side = clickhouse_side
        self.codes = tuple(f"code{number}" for number in range(_LINKS))
        self.switched_codes = tuple(f"switch{number}" for number in range(_SWITCHED_LINKS))
        given: dict[str, Any] = {
            **_TUNING,
            "redis_url": redis_side.url(_HOPLINE),
            **clickhouse_side.settings,
            "cache_dir": Settings(_env_file=None).cache_dir,
            **tuning,
        }
        own = {**given, "data_dir": self._folder("operator")}
        self.settings = Settings(_env_file=None, **own)
        self.hosts = [
            Host(
                f"host{number}",
                directory,
                release or Release(REPOSITORY),
                place,
                {"redis_url": redis_side.url(_REDIRECT)},
                **given,
            )
            for number, place in enumerate(places, 1)
        ]

    def __enter__(self) -> Self:
        adopt_orphans()
        return self

    def __exit__(self, *_: object) -> None:
        for host in self.hosts:
            host.close()
        self.clickhouse_side.kill_all()
        self.redis_side.kill_all()
        self._end()

    @property
    def kept(self) -> tuple[Service, ...]:
        of_hosts = itertools.chain.from_iterable(host.services for host in self.hosts)
        return (*self.clickhouse_side.kept, *of_hosts)

    def start(self) -> None:
        """Start everything, with our tables and links, and wait until all of it answers."""
        self.clickhouse_side.start()
        self.redis_side.start()
        self.hosts[0].release.migrate(self.hosts[0].settings)
        links = open_store(self.settings)
        for code in (*self.codes, *self.switched_codes):
            links.create({"target": target_of(0)}, code=code)
        for host in self.hosts:
            host.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until every host redirects each link from memory, and its workers work.

        Raises:
            TimeoutError: one doesn't.
        """
        for host, code in itertools.product(self.hosts, self.codes):
            # One that a host must ask for may be late.
            if not wait_for(partial(_redirects, host.bind, code), _READY_SECONDS):
                raise TimeoutError(f"{host.name} does not redirect {code}:\n{_end_of(host.log)}")
        if not self.wait(self._do_workers_run, _READY_SECONDS) or self._give_up():
            raise TimeoutError(f"workers don't run:\n{_end_of(self.hosts[-1].log)}")

    def _give_up(self) -> bool:
        """Tell whether a service ends whenever it is started."""
        return any(service.starts > _MOST_STARTS for service in self.kept)

    def _do_workers_run(self) -> bool:
        """Tell whether each host's supervisor says that all its consumers have begun."""
        if self._give_up():
            return True
        settings = self.settings
        url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
        with connect(url, timeout_seconds=timeout_seconds) as client:
            states = WorkerStates(client, url, settings.stream, settings.group).all()
        return sum(state.state == "running" for state in states) >= len(self.hosts)

    @property
    def ways(self) -> dict[str, str]:
        """Where visitors come in, by host."""
        return {host.name: host.bind for host in self.hosts}

    @property
    def spool_dirs(self) -> list[Path]:
        """Where each host's clicks wait while Redis is away."""
        return [host.spool for host in self.hosts]

    def who_answers(self) -> dict[str, list[int]]:
        """Return the processes that a visitor's answer needs, by what they are."""
        serving = {host.name: _pids(host.services[:1]) for host in self.hosts}
        return {**serving, "redis": _trees(self.redis_side.pids())}

    def who_counts(self) -> dict[str, list[int]]:
        """Return the workers' processes, each for itself: one doesn't wait for another.

        ClickHouse is left out: to watch its hundreds of threads would take a processor's time.
        """
        workers = (pid for host in self.hosts for pid in _pids(host.services[1:]))
        return {f"{COUNTS} {pid}": [pid] for pid in workers}

    def redis(self) -> Redis:
        """Return a client of the Redis that takes writes; it is the caller's to close.

        Raises:
            redis.exceptions.RedisError: there is none.
        """
        return self.redis_side.client()


def _pids(services: Iterable[Service]) -> list[int]:
    return [one.pid for service in services for one in service.processes()]


def _trees(pids: Iterable[int]) -> list[int]:
    return [one.pid for pid in pids for one in tree(pid)]


def _end_of(log: str) -> str:
    return "\n".join(log.splitlines()[-_SHOWN_LINES:])


def _redirects(bind: str, code: str) -> bool:
    return http_status(bind, f"/{code}") == FOUND
