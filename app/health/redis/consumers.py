"""Lag of a stream's group, and of each of its consumers: what it holds, and since when."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from app.health.redis.stream import Backlog, StreamNames, read_backlog
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis


@dataclass(frozen=True, slots=True)
class ConsumerLag:
    """What a consumer has read and not acked.

    Attributes:
        oldest_seconds: since the oldest of it was handed out, None without any.
        idle_seconds: since it last asked for something.
    """

    name: str
    pending: int
    oldest_seconds: float | None
    idle_seconds: float


@dataclass(frozen=True, slots=True)
class StreamLag:
    """What is left to do in a stream.

    Attributes:
        backlog: of the group; None while no worker ever ran.
        consumers: by name.
    """

    stream: str
    backlog: Backlog | None
    consumers: tuple[ConsumerLag, ...]


def read_lag(client: "redis.Redis", url: str, names: StreamNames) -> StreamLag:
    """Return how far a group is behind, and by whom.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't answer as it should.
    """
    backlog = read_backlog(client, url, names)
    if backlog is None:
        return StreamLag(names.stream, None, ())
    with translated(url):
        consumers = client.xinfo_consumers(names.stream, names.group)
        found = [_lag(client, names, each) for each in consumers]
    return StreamLag(names.stream, backlog, tuple(sorted(found, key=lambda one: one.name)))


def _lag(client: "redis.Redis", names: StreamNames, told: dict[str, Any]) -> ConsumerLag:
    pending = cast("int", told["pending"])
    oldest: list[dict[str, Any]] = []
    if pending:
        oldest = client.xpending_range(
            names.stream, names.group, min="-", max="+", count=1, consumername=told["name"]
        )
    return ConsumerLag(
        told["name"].decode(errors="replace"),
        pending,
        oldest[0]["time_since_delivered"] / 1000 if oldest else None,
        told["idle"] / 1000,
    )
