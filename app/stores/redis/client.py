"""Clients that reach Redis or Valkey by redis-py: the only openers outside the redirect.

Rule: no silent retries. A command that redis-py sends again after a timeout may have been carried
out twice (redis-py 8 retries ten times by default), so every retry here is a caller's decision.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from app.stores.redis.address import Address, is_cluster, parse_url
from app.stores.redis.cluster import slot_of
from app.stores.redis.errors import IS_A_NODE, RedisRefused
from app.stores.redis.server import Locate
from app.stores.scripts import script

if TYPE_CHECKING:
    import redis

#: XAUTOCLAIM reports deleted entries, and groups report their lag, from this version on.
MIN_VERSION = (7, 0)


def connect(
    url: str, *, timeout_seconds: float, block_ms: int = 0, near: str = ""
) -> "redis.Redis":
    """Return a client that speaks bytes and never retries by itself; it connects when first used.

    It connects anew every few seconds, and after what only a replica says, so that it follows the
    address; see :mod:`app.stores.redis.pool`. Of a cluster it reaches all nodes, see
    :mod:`app.stores.redis.routing`.

    Args:
        url: as :func:`parse_url` reads it.
        timeout_seconds: longest wait for the connection and for a reply.
        block_ms: longest BLOCK that the caller will ask for, added to the wait for a reply.
        near: a key; of a cluster, only the node that serves its slot is reached.
    """
    import redis  # noqa: PLC0415 - the redirect parses addresses and never loads redis-py

    at = parse_url(url)

    def new_pool(locate: Locate | None) -> "redis.ConnectionPool":
        return redis.ConnectionPool(
            **_place(at, url, locate), **_options(at, timeout_seconds, block_ms)
        )

    if at.seeds and not near:
        from app.stores.redis.asking import cluster_locator  # noqa: PLC0415 - as above
        from app.stores.redis.routing import ClusterClient  # noqa: PLC0415

        return ClusterClient(cluster_locator(url), new_pool)
    return redis.Redis.from_pool(new_pool(locator(url, near) if not at.is_fixed else None))


def locator(url: str, near: str = "") -> Locate:
    """Return what tells where a URL's server is by now.

    Args:
        near: of a cluster, a key that the server has to serve.
    """
    address = parse_url(url)
    if address.is_fixed:
        return lambda: address
    from app.stores.redis import asking  # noqa: PLC0415 - as above

    if address.seeds:
        return partial(asking.cluster_locator(url).primary_of, slot_of(near))
    return asking.master_locator(url)


def _options(at: Address, timeout_seconds: float, block_ms: int) -> dict[str, Any]:
    from redis.backoff import NoBackoff  # noqa: PLC0415 - as above
    from redis.retry import Retry  # noqa: PLC0415

    return {
        "db": at.database,
        "username": at.username or None,
        "password": at.password or None,
        "socket_connect_timeout": timeout_seconds,
        "socket_timeout": timeout_seconds + block_ms / 1000,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
    }


def _place(at: Address, url: str, locate: Locate | None) -> dict[str, Any]:
    """Return how a pool makes connections to an address."""
    from app.stores.redis import pool  # noqa: PLC0415 - as above

    if at.path:
        return {"connection_class": pool.RenewedUnixConnection, "path": at.path}
    where: dict[str, Any] = {"host": at.host, "port": at.port}
    if locate is not None:
        where["locate"] = locate
    if at.seeds:
        from app.stores.redis.asking import cluster_locator  # noqa: PLC0415 - as above

        where["doubt"] = cluster_locator(url).doubt
    if at.tls:
        where["ssl_ca_certs"] = at.ca_file or None
        return {"connection_class": pool.RenewedTLSConnection, **where}
    return {"connection_class": pool.RenewedConnection, **where}


def despite_full(key: str, *command: str | bytes | float) -> tuple[str | bytes | float, ...]:
    """Return a command as one that Redis carries out even when its memory is full.

    A full Redis refuses whatever may take up memory, and so what leads to relief as well. This is
    for what takes up little and never more than a bounded room, whatever visitors do.

    Args:
        key: the only key that the command touches.
    """
    return ("EVAL", script("app.stores", "despite_full"), 1, key, *command)


def server_version(client: "redis.Redis") -> tuple[str, tuple[int, int]]:
    """Return the server's name and version, e.g. ``("Valkey 9.1.2", (7, 2))``.

    The tuple is the Redis version whose behaviour the server promises, which Valkey reports apart.
    """
    info = client.info("server")
    speaks = tuple(int(part) for part in info["redis_version"].split(".")[:2])
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}", (speaks[0], speaks[1])
    return f"Redis {info['redis_version']}", (speaks[0], speaks[1])


def require_version(client: "redis.Redis", url: str) -> str:
    """Return the server's name and version.

    Args:
        url: that the client was made by.

    Raises:
        RedisRefused: when it is older than :data:`MIN_VERSION`, a Sentinel, or a node of a cluster
            that the client doesn't know for one.
    """
    name, speaks = server_version(client)
    info = client.info("server")
    mode = info.get("server_mode") or info.get("redis_mode")
    if mode == "cluster" and not is_cluster(url):
        raise RedisRefused(f"{name} {IS_A_NODE}")
    if mode == "sentinel":
        raise RedisRefused(
            f"{name} is a Sentinel: write its URL as redis+sentinel://USER:PASSWORD@HOST:26379,"
            "HOST:26379,HOST:26379/MASTER/0"
        )
    if speaks < MIN_VERSION:
        raise RedisRefused(f"{name} is too old: Hopline needs Redis 7.0 or newer, or Valkey")
    return name
