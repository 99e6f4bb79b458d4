"""Observer that sees a failover from outside: who is master when, and when Sentinels say so.

It asks every server itself, as nothing that Hopline is told counts here.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

from redis.exceptions import RedisError

from tests.chaos.visitors.client_log import now_ms
from tests.ha.testbed.redis_group import Node, RedisGroup
from tests.support.background import Background

_LOOK_SECONDS = 0.01
_LISTEN_SECONDS = 0.1
#: A server that is stopped answers nothing; it is asked again when it may have woken up.
_PATIENCE_SECONDS = 0.5
_CHANNEL = "+switch-master"


class Look(NamedTuple):
    """What a server said of itself from this moment on.

    Attributes:
        takes_writes: whether it is a master with as many replicas as it wants.
    """

    at_ms: int
    port: int
    is_master: bool
    takes_writes: bool


class Announcement(NamedTuple):
    """A Sentinel's word that the master has moved."""

    at_ms: int
    sentinel: int
    port: int


class Promotion(NamedTuple):
    """A replica that became the master, in Unix milliseconds.

    Attributes:
        at_ms: when it first said so itself.
        announced_ms: when the first Sentinel, then each further one, said so.
        takes_writes_ms: when it first had as many replicas as it wants; None for never.
    """

    port: int
    at_ms: int
    announced_ms: tuple[int, ...]
    takes_writes_ms: int | None


class FailoverObserver:
    """Watches all servers and Sentinels of a group, as a context manager."""

    def __init__(self, group: RedisGroup) -> None:
        self._servers = [_ServerWatch(node) for node in group.servers]
        self._sentinels = [_SentinelWatch(node) for node in group.sentinels]
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        for each in (*self._servers, *self._sentinels):
            self._opened.enter_context(each)
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def looks(self) -> list[Look]:
        """What servers said, whenever that changed, in order of time."""
        return sorted(look for server in self._servers for look in list(server.looks))

    @property
    def announcements(self) -> list[Announcement]:
        """What Sentinels said, in order of time."""
        return sorted(one for sentinel in self._sentinels for one in list(sentinel.said))

    @property
    def is_whole(self) -> bool:
        """Whether all servers answer, one as the master that takes writes and no other."""
        if not all(server.answers for server in self._servers):
            return False
        masters = [look for server in self._servers if (look := server.looks[-1]).is_master]
        return len(masters) == 1 and masters[0].takes_writes

    def promotions(self, since_ms: int) -> list[Promotion]:
        """Return who became the master since then."""
        return promotions(self.looks, self.announcements, since_ms)


def promotions(
    looks: Sequence[Look], announcements: Sequence[Announcement], since_ms: int
) -> list[Promotion]:
    """Return who became the master since a Unix time in milliseconds.

    A server that comes back takes itself for the master until Sentinels have told it; what no
    Sentinel announces is no promotion.
    """
    found = []
    announced = {one.port for one in announcements if one.at_ms >= since_ms}
    for place, look in enumerate(looks):
        was_master = any(
            before.is_master for before in looks[:place][::-1] if before.port == look.port
        )
        if look.at_ms >= since_ms and look.is_master and look.port in announced and not was_master:
            found.append(_promotion(look, looks[place:], announcements))
    return found


def _promotion(
    look: Look, looks: Sequence[Look], announcements: Sequence[Announcement]
) -> Promotion:
    said = tuple(
        one.at_ms for one in announcements if one.port == look.port and one.at_ms >= look.at_ms
    )
    taking = (one.at_ms for one in looks if one.port == look.port and one.takes_writes)
    return Promotion(look.port, look.at_ms, said, next(taking, None))


class _ServerWatch(Background):
    """Asks one server what it is, again and again.

    Attributes:
        answers: whether it did the last time.
    """

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.looks: list[Look] = []
        self.answers = False
        self._node = node

    def _work(self) -> None:
        with self._node.connected(_PATIENCE_SECONDS) as client:
            while not self._is_over.wait(_LOOK_SECONDS):
                try:
                    said: Any = client.info("replication")
                except RedisError:
                    self.answers = False
                else:
                    self._note(said)
                    self.answers = True

    def _note(self, said: dict[str, Any]) -> None:
        is_master = said["role"] == "master"
        # Left out where a master wants none.
        has_replicas = said.get("min_slaves_good_slaves", 1) > 0
        seen = Look(now_ms(), self._node.port, is_master, is_master and has_replicas)
        if not self.looks or self.looks[-1][1:] != seen[1:]:
            self.looks.append(seen)


class _SentinelWatch(Background):
    """Listens to what one Sentinel announces."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.said: list[Announcement] = []
        self._node = node

    def _work(self) -> None:
        while not self._is_over.is_set():
            try:
                self._listen()
            except RedisError:
                time.sleep(_LISTEN_SECONDS)

    def _listen(self) -> None:
        with self._node.connected() as client, client.pubsub() as channel:
            channel.subscribe(_CHANNEL)
            while not self._is_over.is_set():
                message = channel.get_message(timeout=_LISTEN_SECONDS)
                if message and message["type"] == "message":
                    *_, port = message["data"].split()
                    self.said.append(Announcement(now_ms(), self._node.port, int(port)))
