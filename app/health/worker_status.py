"""State that the workers' supervisors let everybody see: their consumers, and how they fare.

Each supervisor writes its state into Redis under a key that expires, so that it can be read from
any machine, and that of one that was killed is gone by itself.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

import orjson

from app.stores import keys
from app.stores.redis.client import despite_full
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

#: A state is written anew about this often, and gone when that did not happen for longer.
PUBLISH_SECONDS = 2.0
EXPIRE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """One consumer.

    Attributes:
        number: of its slot; several supervisors count each from 1.
        pid, name, memory_bytes: None between the death of one and its successor.
        state: booting, reading, working, draining, hung, respawning or crash loop.
        clicks_per_second: inserted, over the last ten seconds.
        last_insert_seconds: how long ago it last inserted clicks, None if it never did.
        restarts: how many died in its slot.
    """

    number: int
    pid: int | None
    name: str | None
    state: str
    clicks_per_second: float
    clicks: int
    last_insert_seconds: float | None
    restarts: int
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class WorkersState:
    """One supervisor and its consumers.

    Attributes:
        state: starting, running, reloading or draining.
        wanted: how many consumers there should be.
        lag: entries of the group that nobody has read, None when that is not known.
        pending: entries of the group that were read and are not acked, None as above.
    """

    host: str
    pid: int
    state: str
    wanted: int
    lag: int | None
    pending: int | None
    consumers: tuple[ConsumerState, ...]

    @property
    def name(self) -> str:
        """What tells it from other supervisors."""
        return f"{self.host}-{self.pid}"


class WorkerStates:
    """The states of the supervisors of one group.

    Args:
        url: names the server in errors.
    """

    def __init__(self, client: "redis.Redis", url: str, stream: str, group: str) -> None:
        self._client = client
        self._url = url
        self._index = keys.supervisors_key(stream, group)
        self._stream = stream
        self._group = group

    def publish(self, state: WorkersState) -> None:
        """Show a state for ten seconds.

        Raises:
            RedisUnavailable, RedisRefused: as the server says.
        """
        with translated(self._url):
            key, text = self._key(state.name), orjson.dumps(asdict(state))
            self._write(key, "SET", key, text, "EX", EXPIRE_SECONDS)
            self._write(self._index, "SADD", self._index, state.name)

    def withdraw(self, name: str) -> None:
        """Show a supervisor's state no longer; raises as :meth:`publish`."""
        with translated(self._url):
            self._client.delete(self._key(name))
            self._client.srem(self._index, name)

    def forget_gone(self) -> None:
        """Drop from the index who was killed; raises as :meth:`publish`."""
        with translated(self._url):
            for name in self._names():
                if not self._client.exists(self._key(name)):
                    self._client.srem(self._index, name)

    def all(self) -> list[WorkersState]:
        """Return the states of all running supervisors, by host; raises as :meth:`publish`."""
        with translated(self._url):
            found = [self._client.get(self._key(name)) for name in self._names()]
        return [_decode(state) for state in found if state]

    def _write(self, key: str, *command: str | bytes | int) -> None:
        """Write also on a full Redis, where it matters most to see who works."""
        self._client.execute_command(*despite_full(key, *command))  # type: ignore[no-untyped-call]

    def _names(self) -> list[str]:
        names = cast("set[bytes]", self._client.smembers(self._index))
        return sorted(name.decode() for name in names)

    def _key(self, name: str) -> str:
        return keys.supervisor_key(self._stream, self._group, name)


def _decode(state: bytes | str) -> WorkersState:
    fields = orjson.loads(state)
    consumers = tuple(ConsumerState(**consumer) for consumer in fields.pop("consumers"))
    return WorkersState(**fields, consumers=consumers)
