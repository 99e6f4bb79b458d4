"""View that one Sentinel has of the master and its replicas, as it tells `hopline doctor`.

Source: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.stores.redis.address import Address, Peer
from app.stores.redis.asking import SentinelAsker, ask_once
from app.stores.redis.errors import RedisError
from app.stores.redis.sentinel import Answer

#: Longest wait for one answer.
TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class SentinelView:
    """What one Sentinel says.

    Attributes:
        answer: whom it names the master, or why it names nobody.
        master: SENTINEL MASTER; empty if it names nobody.
        replicas: SENTINEL REPLICAS.
        objection: why it couldn't have a master promoted now, by SENTINEL CKQUORUM.
    """

    answer: Answer
    master: Mapping[str, str] = field(default_factory=dict)
    replicas: tuple[Mapping[str, str], ...] = ()
    objection: str = ""

    @property
    def place(self) -> str:
        """Where it listens, as an error text has it."""
        return "{}:{}".format(*self.answer.sentinel)


def look(address: Address, end: Peer) -> SentinelView:
    """Ask one Sentinel what it knows; whatever goes wrong, the view says."""
    assert address.sentinels is not None  # noqa: S101 - else there is nobody to ask
    asker = SentinelAsker(address, end, TIMEOUT_SECONDS)
    answer = asker.ask()
    asker.close()
    if answer.master is None:
        return SentinelView(answer)
    at, master = address.of_sentinel(end), address.sentinels.master
    try:
        state = _fields(_ask(at, "SENTINEL", "MASTER", master))
        replicas = tuple(map(_fields, _ask(at, "SENTINEL", "REPLICAS", master)))
    except RedisError as error:
        return SentinelView(Answer(end, None, str(error)))
    return SentinelView(answer, state, replicas, _objection(at, master))


def _ask(at: Address, *command: str) -> Any:
    return ask_once(at, *command, timeout_seconds=TIMEOUT_SECONDS)


def _objection(at: Address, master: str) -> str:
    try:
        _ask(at, "SENTINEL", "CKQUORUM", master)
    except RedisError as error:
        return str(error)
    return ""


def _fields(reply: object) -> dict[str, str]:
    """Return a server as a Sentinel shows it: a map, or names and values in turn."""
    if isinstance(reply, Mapping):
        pairs = list(reply.items())
    else:
        assert isinstance(reply, list)  # noqa: S101 - by the protocol
        pairs = list(zip(reply[::2], reply[1::2], strict=True))
    return {name.decode(): value.decode() for name, value in pairs}
