"""Connections that reach Redis or Valkey: the only file that knows URLs, timeouts and retries.

Rule: no silent retries. A command that redis-py sends again after a timeout may have been carried
out twice (redis-py 8 retries ten times by default), so every retry here is a caller's decision.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from app.stores.scripts import script

if TYPE_CHECKING:
    import redis

#: XAUTOCLAIM reports deleted entries, and groups report their lag, from this version on.
MIN_VERSION = (7, 0)


#: Host and port of an end that was reached, or the path of a Unix socket and 0.
Peer = tuple[str, int]
_NO_PEER = ("", 0)


class RedisError(Exception):
    """Base of what this file raises; the text names the server and says what to do."""


class RedisUnavailable(RedisError):
    """The server is away, starting, out of memory or read-only: the same call may work later."""


class RedisRefused(RedisError):
    """The server answered and said no: the same call will not work until someone mends it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens and how to introduce ourselves.

    Attributes:
        path: Unix socket, which stands in for host and port.
        tls: whether to speak TLS, checking the certificate against ``ca_file`` or the system's.
    """

    host: str = "127.0.0.1"
    port: int = 6379
    path: str = ""
    tls: bool = False
    ca_file: str = ""
    username: str = ""
    password: str = ""
    database: int = 0

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


def parse_url(url: str) -> Address:
    """Read redis://, rediss:// or unix:// with user, password, database and ?ssl_ca_certs=.

    Raises:
        ValueError: when port or database is no number.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    unix = parts.scheme == "unix"
    database = query.get("db", [""])[0] or ("" if unix else parts.path.strip("/"))
    return Address(
        host=unquote(parts.hostname or "127.0.0.1"),
        port=parts.port or 6379,
        path=unquote(parts.path) if unix else "",
        tls=parts.scheme == "rediss",
        ca_file=query.get("ssl_ca_certs", [""])[0],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=int(database or 0),
    )


def connect(url: str, *, timeout_seconds: float, block_ms: int = 0) -> "redis.Redis":
    """Return a client that speaks bytes and never retries by itself; it connects when first used.

    It connects anew every few seconds, and after what only a replica says, so that it follows the
    address; see :mod:`app.stores.redis_pool`.

    Args:
        url: as :func:`parse_url` reads it.
        timeout_seconds: longest wait for the connection and for a reply.
        block_ms: longest BLOCK that the caller will ask for, added to the wait for a reply.
    """
    import redis  # noqa: PLC0415 - the redirect parses addresses and never loads redis-py
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    at = parse_url(url)
    pool = redis.ConnectionPool(
        **_place(at),
        db=at.database,
        username=at.username or None,
        password=at.password or None,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds + block_ms / 1000,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
    return redis.Redis.from_pool(pool)


def _place(at: Address) -> dict[str, Any]:
    """Return how a pool makes connections to an address."""
    from app.stores import redis_pool  # noqa: PLC0415 - as above

    if at.path:
        return {"connection_class": redis_pool.RenewedUnixConnection, "path": at.path}
    where: dict[str, Any] = {"host": at.host, "port": at.port}
    if at.tls:
        where["ssl_ca_certs"] = at.ca_file or None
        return {"connection_class": redis_pool.RenewedTLSConnection, **where}
    return {"connection_class": redis_pool.RenewedConnection, **where}


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn redis-py's exceptions into ours.

    Raises:
        RedisUnavailable: the call may work later; its outcome is unknown.
        RedisRefused: it will not.
    """
    import redis  # noqa: PLC0415

    try:
        yield
    except (redis.AuthenticationError, redis.exceptions.AuthorizationError) as error:
        raise RedisRefused(f"Redis at {_server(url, error)} does not let us in: {error}") from error
    except redis.ReadOnlyError as error:
        raise RedisUnavailable(f"Redis at {_server(url, error)} is a replica: {error}") from error
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise RedisUnavailable(f"Redis at {_server(url, error)} is away: {error}") from error
    except redis.InvalidResponse as error:
        raise RedisRefused(f"what answers at {_server(url, error)} is no Redis: {error}") from error
    except redis.ResponseError as error:
        # In a pipeline redis-py puts words of its own before the server's.
        is_full = isinstance(error, redis.exceptions.OutOfMemoryError)
        said = said_by(error)
        kind = RedisUnavailable if is_full or is_transient(said) else RedisRefused
        raise kind(f"Redis at {_server(url, error)} says: {said}") from error


def said_by(error: Exception) -> str:
    """Return an error reply with its code, which redis-py leaves out where it has a class."""
    code = _CODE_OF_CLASS.get(type(error).__name__)
    return f"{code} {error}" if code else str(error)


_CODE_OF_CLASS = {
    "AskError": "ASK",
    "ClusterCrossSlotError": "CROSSSLOT",
    "ClusterDownError": "CLUSTERDOWN",
    "MasterDownError": "MASTERDOWN",
    "MovedError": "MOVED",
    "TryAgainError": "TRYAGAIN",
}


def _server(url: str, error: Exception) -> str:
    """Return the name of the server that an error came from, where that is known."""
    return named(parse_url(url), getattr(error, "peer", _NO_PEER))


def named(address: Address, peer: Peer) -> str:
    """Return how an error text names a server: as it is set, and the end that was reached."""
    if peer[0] in (address.path, address.host, ""):
        return str(address)
    return f"{address} ({peer[0]})"


def despite_full(key: str, *command: str | bytes | float) -> tuple[str | bytes | float, ...]:
    """Return a command as one that Redis carries out even when its memory is full.

    A full Redis refuses whatever may take up memory, and so what leads to relief as well. This is
    for what takes up little and never more than a bounded room, whatever visitors do.

    Args:
        key: the only key that the command touches.
    """
    return ("EVAL", script("app.stores", "despite_full"), 1, key, *command)


def is_transient(reply: str) -> bool:
    """Tell whether an error reply describes a state that passes by itself or by an operator."""
    code = reply.partition(" ")[0]
    return code in _TRANSIENT or reply.startswith("command not allowed when used memory")


def may_have_lost(reply: str) -> bool:
    """Tell whether an error reply says that what was confirmed last is on no disk or no replica.

    A master that is cut off may be replaced by one that has not got it; one whose disk takes
    nothing has it in memory alone, for as long as that lasts.
    """
    return reply.partition(" ")[0] in ("MISCONF", "NOREPLICAS")


_TRANSIENT = frozenset(
    (
        "BUSY",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MISCONF",
        "NOREPLICAS",
        "OOM",
        "READONLY",
        "TRYAGAIN",
        "UNBLOCKED",
    )
)


def server_version(client: "redis.Redis") -> tuple[str, tuple[int, int]]:
    """Return the server's name and version, e.g. ``("Valkey 9.1.2", (7, 2))``.

    The tuple is the Redis version whose behaviour the server promises, which Valkey reports apart.
    """
    info = client.info("server")
    speaks = tuple(int(part) for part in info["redis_version"].split(".")[:2])
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}", (speaks[0], speaks[1])
    return f"Redis {info['redis_version']}", (speaks[0], speaks[1])


def require_version(client: "redis.Redis") -> str:
    """Return the server's name and version.

    Raises:
        RedisRefused: when it is older than :data:`MIN_VERSION`, or a Sentinel.
    """
    name, speaks = server_version(client)
    if client.info("server").get("redis_mode") == "sentinel":
        raise RedisRefused(
            f"{name} is a Sentinel: HOPLINE_REDIS_URL has to lead to the master, by a DNS name,"
            " a virtual address or HAProxy"
        )
    if speaks < MIN_VERSION:
        raise RedisRefused(f"{name} is too old: Hopline needs Redis 7.0 or newer, or Valkey")
    return name
