"""Three Sentinels beside a master and two replicas, on this machine, for a test to break."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from redis import Redis, RedisError

from app.local.ports import LOOPBACK
from app.local.valkey import answers, valkey_binary, valkey_url
from app.processes.child import Program
from tests.support.redirect.waiting import wait_until
from tests.support.servers import RedisServer, Server

MASTER = "mymaster"
_QUORUM = 2
#: Between two looks, each of which opens connections to all.
_PAUSE_SECONDS = 0.05
#: A Sentinel that stood still for two seconds does nothing for half a minute (TILT).
_SECONDS = 90
#: Sentinels greet each other every 2 s and look at replicas every 10 s, which is in no file; since
#: Redis 7.0 it can be told to one that runs (https://redis.io/docs/latest/commands/sentinel/).
_MORE_OFTEN = ("publish-period", "200", "info-period", "500")


class QuickSentinel(Server):
    """A Sentinel that notices in a second what others notice in ten.

    Args:
        ask: returns a client that may tell it so.
    """

    def __init__(
        self,
        make_program: Callable[[Path, int], Program],
        directory: Path,
        ask: Callable[[], Redis],
    ) -> None:
        super().__init__(make_program, directory)
        self._ask = ask

    def start(self) -> None:
        """Start it and wait until it answers."""
        super().start()
        with self._ask() as client:
            client.execute_command("SENTINEL", "DEBUG", *_MORE_OFTEN)


class SentinelServer(QuickSentinel):
    """A Sentinel that watches the master at a port."""

    def __init__(self, directory: Path, master_port: int, down_after_ms: int, binary: Path) -> None:
        def program(at: Path, port: int) -> Program:
            file = at / "sentinel.conf"
            lines = (
                f"bind {LOOPBACK}",
                f"port {port}",
                f"dir {at}",
                f"sentinel monitor {MASTER} {LOOPBACK} {master_port} {_QUORUM}",
                f"sentinel down-after-milliseconds {MASTER} {down_after_ms}",
                f"sentinel failover-timeout {MASTER} 10000",
            )
            file.write_text("\n".join(lines) + "\n")
            argv = (str(binary), str(file), "--sentinel")
            return Program("sentinel", argv, is_ready=lambda: answers(valkey_url(port)))

        super().__init__(program, directory, lambda: Redis(port=self.port))


class SentinelWatched:
    """A master, two replicas and three Sentinels, started together and killed at the end."""

    def __init__(
        self, directory: Path, binary: Path | None = None, down_after_ms: int = 1500
    ) -> None:
        used = binary or valkey_binary()
        self.stores = [RedisServer(directory / f"redis-{number}", used) for number in range(3)]
        port = self.stores[0].port
        self.sentinels = [
            SentinelServer(directory / f"sentinel-{number}", port, down_after_ms, used)
            for number in range(3)
        ]
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        ends = ",".join(f"{LOOPBACK}:{each.port}" for each in self.sentinels)
        return f"redis+sentinel://{ends}/{MASTER}/0"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for store in self.stores:
                stack.enter_context(store)
            for replica in self.stores[1:]:
                with Redis(port=replica.port) as client:
                    client.replicaof(LOOPBACK, self.stores[0].port)
            wait_until(lambda: self._replicas_of(self.stores[0]) == 2, _SECONDS, _PAUSE_SECONDS)
            for sentinel in self.sentinels:
                stack.enter_context(sentinel)
            wait_until(lambda: all(map(self._knows_all, self.sentinels)), _SECONDS, _PAUSE_SECONDS)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def master(self) -> RedisServer:
        """Return the server that two Sentinels or more call the master."""
        found: list[RedisServer] = []

        def agree() -> bool:
            found.extend(filter(None, [self._elected()]))
            return bool(found)

        wait_until(agree, _SECONDS, _PAUSE_SECONDS)
        return found[0]

    def _elected(self) -> RedisServer | None:
        ports = [self.named_by(each) for each in self.sentinels]
        return next((each for each in self.stores if ports.count(each.port) >= _QUORUM), None)

    def named_by(self, sentinel: SentinelServer) -> int:
        """Return the port that a Sentinel names; 0 if it is away."""
        try:
            with Redis(port=sentinel.port, socket_timeout=1) as client:
                return int(client.sentinel_get_master_addr_by_name(MASTER)[1])
        except RedisError:
            return 0

    def fail_over(self) -> RedisServer:
        """Have another server promoted while the master lives, and return the new master."""
        old = self.master()
        with Redis(port=self.sentinels[0].port) as client:
            client.sentinel_failover(MASTER)
        return self.wait_for_another(old)

    def wait_for_another(self, old: RedisServer) -> RedisServer:
        """Wait until the Sentinels name another master than that, and return it."""
        wait_until(lambda: self._elected() not in (None, old), _SECONDS, _PAUSE_SECONDS)
        return self.master()

    def _replicas_of(self, store: RedisServer) -> int:
        with Redis(port=store.port) as client:
            return int(client.info("replication")["connected_slaves"])

    def _knows_all(self, sentinel: SentinelServer) -> bool:
        with Redis(port=sentinel.port) as client:
            state = client.sentinel_master(MASTER)
            replicas = client.sentinel_slaves(MASTER)
        in_touch = [one for one in replicas if one["master-link-status"] == "ok"]
        return int(state["num-other-sentinels"]) == 2 and len(in_touch) == 2
