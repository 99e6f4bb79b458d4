"""Three Redis servers and three Sentinels, started with the reference configuration."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import redis
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.local.ports import LOOPBACK
from app.processes.child import Program
from tests.support.deploy.stores import only_users
from tests.support.sentinels import QuickSentinel
from tests.support.servers import Server

FOLDER = Path(__file__).parents[3] / "deploy" / "redis"
#: Stands in the reference wherever an operator writes one of their own.
_PLACEHOLDER = re.compile(r"CHANGE-ME-([\w-]+)")
_LONGEST_SECONDS = 120.0
_PATIENCE_SECONDS = 10.0


def password(user: str) -> str:
    """Return the password of a user, by the placeholder that the reference has for it."""
    return f"for-tests-{user}"


class Certificate(NamedTuple):
    """A certificate for ``localhost`` that vouches for itself, and its key."""

    path: Path
    key: Path


class Host:
    """One of the hosts: a folder in place of /etc/redis, a Redis and a Sentinel.

    Attributes:
        address: of loopback; a name with TLS.
    """

    def __init__(
        self, directory: Path, binary: Path, address: str, tls: Certificate | None
    ) -> None:
        self.address = address
        self._binary = binary
        self._tls = tls
        self.redis = Server(self._redis, directory / "redis")
        self.sentinel = QuickSentinel(self._sentinel, directory / "sentinel", self.ask_sentinel)

    def ask_redis(
        self, user: str = "operator", at: str = "", seconds: float = _PATIENCE_SECONDS
    ) -> Redis:
        """Return a client of the server, by another address than its own if there is one."""
        return self._client(at or self.address, self.redis.port, user, password(user), seconds)

    def ask_sentinel(self, user: str = "operator", seconds: float = _PATIENCE_SECONDS) -> Redis:
        """Return a client of the Sentinel."""
        its_password = password(f"sentinel-{user}")
        return self._client(self.address, self.sentinel.port, user, its_password, seconds)

    @property
    def alone(self) -> Program:
        """The same server without what makes it one of three."""
        at = self.redis.directory
        argv = (str(at / "server"), str(at / "redis.conf"))
        return Program("redis", argv, is_ready=lambda: _holds(self.ask_redis(at=LOOPBACK).ping))

    def upgrade(self, binary: Path) -> None:
        """Start the server anew as another version."""
        self.redis.stop()
        self._install(binary, self.redis.directory)
        self.redis.start()

    def write_users(self, directory: Path | None = None, *, alone: bool = False) -> None:
        """Write the ACL file: of a server alone, or of one of three."""
        at = directory or self.redis.directory
        names = (
            ["hopline-users.conf"]
            if alone
            else [path.name for path in sorted(FOLDER.glob("*users.conf"))]
        )
        users = "".join(only_users(self._text(name, at, 0)) for name in names)
        (at / "hopline-users.acl").write_text(users)

    def follow(self, master: "Host") -> None:
        """Make the server a replica, and have it remember that."""
        self.ask_redis().replicaof(master.address, master.redis.port)
        self.ask_redis().config_rewrite()

    def watch(self, master: "Host") -> None:
        """Name the first master to the Sentinel, which has not been started yet."""
        path = self.sentinel.directory / "sentinel.conf"
        line = f"sentinel monitor mymaster {master.address} {master.redis.port} 2"
        path.write_text(re.sub(r"(?m)^sentinel monitor .*$", line, path.read_text()))

    def _client(self, at: str, port: int, user: str, its_password: str, seconds: float) -> Redis:
        tls = {"ssl": True, "ssl_ca_certs": str(self._tls.path)} if self._tls else {}
        return Redis(
            at,
            port,
            username=user,
            password=its_password,
            decode_responses=True,
            socket_timeout=seconds,
            retry=Retry(NoBackoff(), 0),
            **tls,
        )

    def _redis(self, at: Path, port: int) -> Program:
        for name in ("hopline.conf", "hopline-replication.conf"):
            (at / name).write_text(self._text(name, at, port))
        self.write_users(at)
        port_or_none = 0 if self._tls else port
        (at / "redis.conf").write_text(
            f"dir {at}\nport {port_or_none}\ninclude {at}/hopline.conf\n"
        )
        drop_in = (FOLDER / "redis-server.service.d" / "replicated.conf").read_text()
        return self._program(drop_in, at, lambda: self.ask_redis().ping())

    def _sentinel(self, at: Path, port: int) -> Program:
        (at / "sentinel.conf").write_text(self._text("sentinel.conf", at, port))
        unit = (FOLDER / "redis-sentinel.service").read_text()
        return self._program(unit, at, lambda: self.ask_sentinel().ping())

    def _program(self, unit: str, at: Path, answers: Callable[[], Any]) -> Program:
        """Return what a unit starts, with a folder of the test's in place of the system's."""
        (started,) = re.findall(r"^ExecStart=(\S.*)$", unit, re.MULTILINE)
        words = started.replace("/etc/redis", str(at)).split()
        self._install(self._binary, at)
        argv = (str(at / "server"), *words[1:])
        return Program(at.name, argv, is_ready=lambda: _holds(answers))

    @staticmethod
    def _install(binary: Path, at: Path) -> None:
        (at / "server").unlink(missing_ok=True)
        (at / "server").symlink_to(binary)

    def _text(self, name: str, at: Path, port: int) -> str:
        text = _PLACEHOLDER.sub(lambda found: password(found[1]), (FOLDER / name).read_text())
        text = text.replace("/etc/redis", str(at)).replace("dir /var/lib/redis", f"dir {at}")
        text = text.replace("26379", str(port))
        if self._tls:
            text = _with_tls(text, self._tls).replace("tls-port 6379", f"tls-port {port}")
            text = text.replace("bind 10.0.0.1 127.0.0.1", "bind 127.0.0.1")
        return text.replace("10.0.0.1", self.address)


def _with_tls(text: str, tls: Certificate) -> str:
    """Return a file with its lines about TLS in force, and without the port that goes with none."""
    text = re.sub(r"(?m)^port \d+\n", "", text)
    text = re.sub(r"(?m)^#((?:tls-|port 0|sentinel (?:resolve|announce)-hostnames))", r"\1", text)
    for name, path in (("ca.crt", tls.path), ("server.crt", tls.path), ("server.key", tls.key)):
        text = re.sub(rf"\S+/tls/{re.escape(name)}", str(path), text)
    return text


def _holds(answers: Callable[[], Any]) -> bool:
    with suppress(redis.RedisError):
        return bool(answers())
    return False


class ReplicatedRedis:
    """Three hosts of which the first is the master, watched by three Sentinels."""

    def __init__(self, hosts: tuple[Host, ...]) -> None:
        self.hosts = hosts

    def url(self, user: str = "hopline", scheme: str = "redis+sentinel") -> str:
        """Return what HOPLINE_REDIS_URL is set to."""
        ends = ",".join(f"{host.address}:{host.sentinel.port}" for host in self.hosts)
        login = f"{user}:{password(user.removeprefix('hopline-'))}"
        asking = f"sentinel_username=hopline&sentinel_password={password('sentinel-hopline')}"
        return f"{scheme}://{login}@{ends}/mymaster/0?{asking}"

    def master(self) -> Host:
        """Return the host that every Sentinel which answers names, and that is the master."""
        return until(self._agreed)

    def master_other_than(self, old: Host) -> Host:
        """Wait until another is the master, and return it."""
        return until(lambda: found if (found := self._agreed()) not in (None, old) else None)

    def replicas(self, master: Host) -> int:
        """Return how many replicas a master has that keep up."""
        replication = master.ask_redis().info("replication")
        online = [one for one in replication.values() if isinstance(one, dict)]
        return sum(one.get("state") == "online" for one in online)

    def settle(self, others: int = 2) -> Host:
        """Wait until a master has its replicas and every Sentinel knows all of both."""
        master = self.master()
        until(lambda: self.replicas(master) == others)
        for host in self.hosts:
            until(lambda asked=host: _is_complete(asked))
        return master

    def refusals(self) -> list[tuple[str, str, str]]:
        """Return what any of the servers has refused a user: its name, and what."""
        asked = [host.ask_redis() for host in self.hosts]
        asked += [host.ask_sentinel() for host in self.hosts if host.sentinel.is_running]
        logs = [one for client in asked for one in _acl_log(client)]
        return sorted({(one["username"], one["reason"], one["object"]) for one in logs})

    def _agreed(self) -> Host | None:
        asked = [host for host in self.hosts if host.sentinel.is_running]
        named = {_named(host) for host in asked}
        (host,) = [host for host in self.hosts if named == {(host.address, host.redis.port)}] or (
            None,
        )
        if host is not None and _holds(lambda: host.ask_redis().role()[0] == "master"):
            return host
        return None


def _acl_log(client: Redis) -> list[Any]:
    """Return it as soon as it is told: a busy server may hang up on a TLS handshake."""
    found: list[Any] = []

    def is_told() -> bool:
        try:
            found[:] = client.acl_log()  # type: ignore[no-untyped-call]
        except redis.ConnectionError:
            return False
        return True

    until(is_told)
    return found


def _named(host: Host) -> tuple[str, int] | None:
    try:
        name, port = host.ask_sentinel().sentinel_get_master_addr_by_name("mymaster")
    except (redis.RedisError, TypeError):
        return None
    return name, int(port)


def _is_complete(host: Host) -> bool:
    found = host.ask_sentinel().sentinel_master("mymaster")
    return (
        found["num-slaves"] == 2
        and found["num-other-sentinels"] == 2
        and found["flags"] == "master"
    )


def until(look: Callable[[], Any]) -> Any:
    """Look until there is something to be seen, and return it."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came to it"
        # Each look opens connections to all, with TLS and passwords.
        time.sleep(0.1)
    return found


def make_hosts(directory: Path, binary: Path, tls: Certificate | None = None) -> tuple[Host, ...]:
    """Return three hosts of which nothing runs yet."""
    names = ("localhost",) * 3 if tls else ("127.0.0.2", "127.0.0.3", "127.0.0.4")
    return tuple(
        Host(directory / f"host-{number}", binary, name, tls) for number, name in enumerate(names)
    )


@contextmanager
def replicated_redis(
    directory: Path, binary: Path, tls: Certificate | None = None
) -> Iterator[ReplicatedRedis]:
    """Start all six, and stop them at the end."""
    hosts = make_hosts(directory, binary, tls)
    with ExitStack() as started:
        for host in hosts:
            started.enter_context(host.redis)
        for host in hosts[1:]:
            host.follow(hosts[0])
        for host in hosts:
            host.watch(hosts[0])
            started.enter_context(host.sentinel)
        yield ReplicatedRedis(hosts)
