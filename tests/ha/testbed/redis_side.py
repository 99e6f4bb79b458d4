"""Redis of an installation that is under test, whichever way it is run."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from redis import Redis
from redis.cluster import RedisCluster

from app.local.ports import LOOPBACK
from tests.chaos.visitors.client_log import REFERRER
from tests.ha.testbed.moving_name import MovingName
from tests.ha.testbed.redis_group import RedisGroup, login
from tests.support.cluster import Cluster
from tests.support.servers import RedisServer

_QUERY_SECONDS = 60.0
#: User of the reference configuration that may do all that Hopline needs.
_HOPLINE = "hopline"
_GROUP = "analytics-group"
_AT_ONCE = 2_000
#: As large as a click's entry mostly is, and of a visitor whose number nobody has.
_FINISHED = {"short_code": "code0", "referer": f"{REFERRER}0", "user_agent": "x" * 250}


class RedisSide(Protocol):
    """Redis servers of one kind, and how Hopline finds them."""

    def start(self) -> None:
        """Start all of it and wait until it takes writes; main thread only."""

    def kill_all(self) -> None:
        """kill -9 of all that runs."""

    def url(self, user: str) -> str:
        """Return what a process of Hopline is given, for a user where there are some."""

    def client(self) -> Redis:
        """Return a client of who takes writes now; it is the caller's to close.

        Raises:
            redis.exceptions.RedisError: nobody does.
        """

    def pids(self) -> list[int]:
        """Return the servers' processes."""


class OneRedis:
    """One server without replicas.

    Args:
        address: of this machine, by which others than us reach it as well.
    """

    def __init__(self, directory: Path, binary: Path, address: str = LOOPBACK) -> None:
        self._address = address
        self._server = RedisServer(directory / "redis", binary, address)

    def start(self) -> None:
        self._server.start()

    def kill_all(self) -> None:
        self._server.kill()

    def url(self, user: str) -> str:
        return f"redis://{self._address}:{self._server.port}/0"

    def client(self) -> Redis:
        return Redis.from_url(self.url(""), socket_timeout=_QUERY_SECONDS)

    def pids(self) -> list[int]:
        return [self._server.pid] if self._server.is_running else []


class WatchedRedis:
    """A master and its replicas, whom Sentinels watch, by the reference configuration.

    Args:
        by: of :data:`tests.ha.options.WAYS`, how Hopline finds the master.
    """

    def __init__(self, group: RedisGroup, by: str) -> None:
        self.group = group
        self._by = by
        self._name = MovingName(group)
        self._is_named = False

    def start(self) -> None:
        self.group.start()
        self._name.__enter__()
        self._is_named = True

    def kill_all(self) -> None:
        if self._is_named:
            self._name.__exit__()
        self.group.kill_all()

    def url(self, user: str) -> str:
        if self._by == "sentinels":
            return self.group.url(user)
        first, *_ = self.group.servers
        return _url_of(user, self._name.port if self._by == "name" else first.port)

    def client(self) -> Redis:
        url = _url_of(_HOPLINE, self.group.master().port)
        return Redis.from_url(url, socket_timeout=_QUERY_SECONDS)

    def pids(self) -> list[int]:
        return [node.server.pid for node in self.group.servers if node.server.is_running]


def _url_of(user: str, port: int) -> str:
    return f"redis://{login(user)}@{LOOPBACK}:{port}/0"


class ClusteredRedis:
    """A cluster of three primaries and a replica of each.

    Args:
        node_timeout_ms: how long a node is silent before others count it as away.
        preloaded: streams that hold so many finished entries from the beginning.
    """

    def __init__(
        self,
        directory: Path,
        binary: Path,
        node_timeout_ms: int,
        preloaded: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        folder = directory / "redis"
        self.cluster = Cluster(folder, 3, 3, binary, node_timeout_ms)
        self._preloaded = preloaded

    def start(self) -> None:
        self.cluster.__enter__()
        with self.client() as client:
            for stream, count in self._preloaded.items():
                _preload(client, stream, count)

    def kill_all(self) -> None:
        for node in self.cluster.nodes:
            node.kill()

    def url(self, user: str) -> str:
        return self.cluster.url

    def client(self) -> Redis:
        running = next(node for node in self.cluster.nodes if node.is_running)
        return RedisCluster(LOOPBACK, running.port, socket_timeout=_QUERY_SECONDS)

    def pids(self) -> list[int]:
        return [node.pid for node in self.cluster.nodes if node.is_running]


def _preload(client: Redis, stream: str, count: int) -> None:
    """Fill a stream with entries that the group has behind it."""
    for _ in range(count // _AT_ONCE):
        pipeline = client.pipeline(transaction=False)
        for _ in range(_AT_ONCE):
            pipeline.xadd(stream, _FINISHED)
        pipeline.execute()
    client.xgroup_create(stream, _GROUP, id="$")
