"""Clients that reach Redis or Valkey by redis-py: the only openers outside the redirect.

Rule: no silent retries. A command that redis-py sends again after a timeout may have been carried
out twice (redis-py 8 retries ten times by default), so every retry here is a caller's decision.
"""

from typing import TYPE_CHECKING, Any

from app.stores.redis.address import Address, parse_url
from app.stores.redis.errors import RedisRefused
from app.stores.redis.server import Locate
from app.stores.scripts import script

if TYPE_CHECKING:
    import redis

#: XAUTOCLAIM reports deleted entries, and groups report their lag, from this version on.
MIN_VERSION = (7, 0)


def connect(url: str, *, timeout_seconds: float, block_ms: int = 0) -> "redis.Redis":
    """Return a client that speaks bytes and never retries by itself; it connects when first used.

    It connects anew every few seconds, and after what only a replica says, so that it follows the
    address; see :mod:`app.stores.redis.pool`.

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
        **_place(at, url),
        db=at.database,
        username=at.username or None,
        password=at.password or None,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds + block_ms / 1000,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
    return redis.Redis.from_pool(pool)


def locator(url: str) -> Locate:
    """Return what tells where a URL's server is by now: at its address, or where Sentinels say."""
    address = parse_url(url)
    if address.sentinels is None:
        return lambda: address
    from app.stores.redis.asking import master_locator  # noqa: PLC0415 - as above

    return master_locator(url)


def _place(at: Address, url: str) -> dict[str, Any]:
    """Return how a pool makes connections to an address."""
    from app.stores.redis import pool  # noqa: PLC0415 - as above

    if at.path:
        return {"connection_class": pool.RenewedUnixConnection, "path": at.path}
    where: dict[str, Any] = {"host": at.host, "port": at.port}
    if at.sentinels is not None:
        where["locate"] = locator(url)
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


def require_version(client: "redis.Redis") -> str:
    """Return the server's name and version.

    Raises:
        RedisRefused: when it is older than :data:`MIN_VERSION`, or a Sentinel.
    """
    name, speaks = server_version(client)
    if client.info("server").get("redis_mode") == "sentinel":
        raise RedisRefused(
            f"{name} is a Sentinel: write its URL as redis+sentinel://USER:PASSWORD@HOST:26379,"
            "HOST:26379,HOST:26379/MASTER/0"
        )
    if speaks < MIN_VERSION:
        raise RedisRefused(f"{name} is too old: Hopline needs Redis 7.0 or newer, or Valkey")
    return name
