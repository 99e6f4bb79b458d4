"""Identity that tells one Redis server from another, and where its address leads by now.

A name may move, or a proxy may lead to another server, while the old one lives and keeps its
connections. Whoever holds connections for long looks where their address leads meanwhile.
"""

import logging
import math
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.stores.redis.address import Address, Peer
from app.stores.redis.cluster_locator import ClusterRefused

logger = logging.getLogger(__name__)

#: Tells where a server is to be reached.
Locate = Callable[[], Address]
#: Looks a host name up, as :func:`socket.getaddrinfo` does.
Resolve = Callable[..., Iterable[Any]]

#: How often whoever holds connections for long looks where their address leads; Sentinels, which
#: have to tell soon of a master that lives on, are asked more often.
LOOK_SECONDS = 1.0
_LOOK_AT_SENTINELS_SECONDS = 0.4
#: How often the server is asked who it is though its address leads where it did: a virtual address
#: or a proxy may lead on to another.
_ASK_SECONDS = 3.0
#: An address that leads to one server now and to another then is followed no more often than this,
#: at first and at last.
_FIRST_HOLD_SECONDS = 5.0
_LONGEST_HOLD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A server process in its role; all fields are empty where INFO may not be asked.

    Attributes:
        run_id: changes whenever the process does.
        replication_id: changes when the server is promoted, or takes over another's data.
        role: ``master`` or ``slave``.
    """

    run_id: str = ""
    replication_id: str = ""
    role: str = ""

    @classmethod
    def from_info(cls, info: bytes) -> "RedisServer":
        """Read the sections ``server`` and ``replication`` of INFO.

        Source: https://redis.io/docs/latest/commands/info/
        """
        lines = info.decode("ascii", "replace").splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        return cls(
            fields.get("run_id", ""), fields.get("master_replid", ""), fields.get("role", "")
        )

    @property
    def id(self) -> str:
        """What tells it from other servers, and from what it was before a change of role."""
        return self.run_id + self.replication_id

    @property
    def is_replica(self) -> bool:
        """Whether it only follows another server, and may have stopped to."""
        return self.role == "slave"


class FailoverDetector:
    """Tells when the address that connections were made by leads to another server.

    That is so when another server answers there, and as a master. A name with several addresses is
    taken to lead where it did for as long as the one in use is among them. A majority of Sentinels,
    or of a cluster's primaries, is followed at once.

    Args:
        locate: tells the address.
        resolve: may raise OSError.
        ask: connects to an address and tells who answers; None if nobody does.

    Attributes:
        is_astray: whether the address no longer leads to the server in use, as of the last look.
    """

    def __init__(
        self,
        locate: Locate,
        resolve: Resolve,
        ask: Callable[[Address], RedisServer | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_astray = False
        self._locate = locate
        self._resolve = resolve
        self._ask = ask
        self._clock = clock
        self._ask_at = -math.inf
        self._followed_at = -math.inf
        self._hold_seconds = _FIRST_HOLD_SECONDS

    def leads_elsewhere(self, peer: Peer, server: RedisServer) -> bool:
        """Look once; tell whether connections to this end, and this server, have to be renewed."""
        try:
            at = self._locate()
            ends = ends_of(at, self._resolve)
        except (OSError, ClusterRefused) as error:
            # What is not known is no reason to leave a server that answers.
            logger.debug("Where Redis is can't be told: %s", error)
            return False
        self.is_astray = peer not in ends
        if not self._must_ask(at, ends):
            return False
        found = self._ask(at)
        if found is not None and found.run_id == server.run_id:
            # By another way, such as a second address or one of several proxies.
            self.is_astray = False
        elif found is not None and not found.is_replica:
            return not at.is_fixed or self._follow()
        return False

    def _must_ask(self, at: Address, ends: set[Peer]) -> bool:
        now = self._clock()
        if not self.is_astray and (at.path or len(ends) > 1 or now < self._ask_at):
            return False
        self._ask_at = now + _ASK_SECONDS
        return True

    def _follow(self) -> bool:
        now = self._clock()
        since_seconds = now - self._followed_at
        if since_seconds < self._hold_seconds:
            return False
        is_restless = since_seconds < 2 * _LONGEST_HOLD_SECONDS
        longer = min(2 * self._hold_seconds, _LONGEST_HOLD_SECONDS)
        self._hold_seconds = longer if is_restless else _FIRST_HOLD_SECONDS
        self._followed_at = now
        return True


def look_seconds(address: Address) -> float:
    """Return how long to wait between two looks at where an address leads."""
    return LOOK_SECONDS if address.is_fixed else _LOOK_AT_SENTINELS_SECONDS


def ends_of(address: Address, resolve: Resolve) -> set[Peer]:
    """Return the ends to which an address leads now.

    Raises:
        OSError: the resolver can't tell.
    """
    if address.path:
        return {(address.path, 0)}
    found = resolve(address.host, address.port, 0, socket.SOCK_STREAM)
    return {(str(one[4][0]), int(one[4][1])) for one in found}


def peer_of(address: Address, connected: Any) -> Peer:
    """Return the end that a socket, which was connected by an address, has reached.

    Raises:
        OSError: it is no longer connected.
    """
    if address.path:
        return address.path, 0
    host, port = connected.getpeername()[:2]
    return host, port
