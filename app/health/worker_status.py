"""State that the workers' supervisors let everybody see: their consumers, and how they fare.

Each supervisor writes its state into Redis under a key that expires, so that it can be read from
any machine, and that of one that was killed is gone by itself.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar, cast

import orjson

from app.stores import keys
from app.stores.redis.client import despite_full
from app.stores.redis.errors import RedisRefused, translated

if TYPE_CHECKING:
    import redis

#: A state is written anew about this often, and gone when that did not happen for longer.
PUBLISH_SECONDS = 2.0
EXPIRE_SECONDS = 10
#: From then on a supervisor is not said to be doing what it last said.
_SILENT_SECONDS = 5.0

_State = TypeVar("_State", "ConsumerState", "WorkersState")


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
        stream: which it reads, where there are shards; else ''.
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
    stream: str = ""


@dataclass(frozen=True, slots=True)
class WorkersState:
    """One supervisor and its consumers.

    Attributes:
        state: starting, running, reloading or draining; silent once nothing has been heard of it
            for some seconds: it is gone, hangs, or doesn't reach Redis.
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
        """What tells it from other supervisors of hosts that have names of their own."""
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

    def publish(self, state: WorkersState, name: str) -> None:
        """Show a state for ten seconds under a name that no other supervisor has.

        Raises:
            RedisUnavailable, RedisRefused: as the server says.
        """
        with translated(self._url):
            key, text = self._key(name), orjson.dumps(as_plain(state))
            self._write(key, "SET", key, text, "EX", EXPIRE_SECONDS)
            self._write(self._index, "SADD", self._index, name)

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
            found = [self._look(self._key(name)) for name in self._names()]
        return [_aged(_decode(state), age_seconds) for state, age_seconds in found if state]

    def _look(self, key: str) -> tuple[bytes | None, float]:
        """Return a state and for how many seconds it has stood there."""
        try:
            with translated(self._url):
                left_ms = self._client.pttl(key)
        except RedisRefused:
            # The rights of the version before don't have it; a state that is gone says so itself.
            left_ms = EXPIRE_SECONDS * 1000
        return cast("bytes | None", self._client.get(key)), EXPIRE_SECONDS - left_ms / 1000

    def _write(self, key: str, *command: str | bytes | int) -> None:
        """Write also on a full Redis, where it matters most to see who works."""
        self._client.execute_command(*despite_full(key, *command))  # type: ignore[no-untyped-call]

    def _names(self) -> list[str]:
        names = cast("set[bytes]", self._client.smembers(self._index))
        return sorted(name.decode() for name in names)

    def _key(self, name: str) -> str:
        return keys.supervisor_key(self._stream, self._group, name)


def readers(states: Iterable[WorkersState], unsharded: str) -> Counter[str]:
    """Return how many living consumers read each stream.

    Args:
        unsharded: the stream of who knows of no shards.
    """
    consumers = chain.from_iterable(state.consumers for state in states)
    return Counter(one.stream or unsharded for one in consumers if one.pid)


def as_plain(state: WorkersState) -> dict[str, Any]:
    """Return a state as JSON; streams are named only where there are shards."""
    plain = asdict(state)
    for consumer in plain["consumers"]:
        if not consumer["stream"]:
            # The version before doesn't know the field.
            del consumer["stream"]
    return plain


def _decode(state: bytes | str) -> WorkersState:
    plain = orjson.loads(state)
    consumers = tuple(_of(ConsumerState, consumer) for consumer in plain["consumers"])
    return _of(WorkersState, {**plain, "consumers": consumers})


def _of(kind: type[_State], plain: Mapping[str, Any]) -> _State:
    """Make a state of what another version may have written: it may say more than this one."""
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in plain.items() if name in known})


def _aged(state: WorkersState, age_seconds: float) -> WorkersState:
    """Return a state as it is so long after it was published."""
    if age_seconds < _SILENT_SECONDS:
        return state
    consumers = tuple(
        one
        if one.last_insert_seconds is None
        else replace(one, last_insert_seconds=round(one.last_insert_seconds + age_seconds, 1))
        for one in state.consumers
    )
    return replace(state, state="silent", consumers=consumers)
