"""Locator that tells the redirect where Redis is: at its address, or where Sentinels say."""

from collections.abc import Callable

import gevent
import hiredis
from gevent.lock import BoundedSemaphore
from gevent.queue import SimpleQueue

from app.redirect.redis.connection import ConnectFailed, Connection, ask, connect
from app.stores.redis.address import Address, Peer
from app.stores.redis.polling import ASK_SECONDS, Poll
from app.stores.redis.sentinel import (
    Answer,
    MasterLocator,
    MasterUnknown,
    question,
    read_answer,
    why_refused,
)

_NAME = "hopline-redirect-sentinel"


class Locator:
    """Locator that tells a worker's connections where Redis is, and asks Sentinels if it has to.

    Attributes:
        sentinel_count: how many there are to ask; 0 where the address leads to the master.
    """

    def __init__(self, address: Address) -> None:
        self.sentinel_count = 0
        self._address = address
        self._master: MasterLocator | None = None
        self._askers: dict[Peer, SentinelAsker] = {}
        self._locate: Callable[[], Address] = lambda: address
        if address.sentinels is not None:
            ends = address.sentinels.ends
            self._askers = {end: SentinelAsker(address, end) for end in ends}
            self.sentinel_count = len(ends)
            poll = Poll(lambda end: self._askers[end].ask(), gevent.spawn, SimpleQueue)
            self._locate = self._master = MasterLocator(address, poll, BoundedSemaphore())

    def __call__(self) -> Address:
        """Return where the server is now; blocks the calling greenlet only.

        Raises:
            ConnectFailed: the Sentinels don't tell.
        """
        try:
            return self._locate()
        except MasterUnknown as error:
            raise ConnectFailed(f"Redis at {self._address} can't be found: {error}") from error

    @property
    def agreeing_count(self) -> int:
        """How many Sentinels name the master that is believed."""
        return 0 if self._master is None else self._master.agreeing_count

    def close(self) -> None:
        """End the connections to the Sentinels."""
        for asker in self._askers.values():
            asker.close()


class SentinelAsker:
    """Connection that asks one Sentinel, and is made anew after any trouble.

    Args:
        address: of the master.
        end: of the Sentinel.
    """

    def __init__(self, address: Address, end: Peer) -> None:
        assert address.sentinels is not None  # noqa: S101 - else there is nobody to ask
        self._end = end
        self._master = address.sentinels.master
        self._question = question(address)
        self._address = address.of_sentinel(end)
        self._connection: Connection | None = None

    def ask(self) -> Answer:
        """Return what the Sentinel says, or why it says nothing; within a moment."""
        try:
            if self._connection is None:
                self._connection = connect(self._address, name=_NAME, timeout_seconds=ASK_SECONDS)
            reply = ask(self._connection, *self._question)
        except (OSError, hiredis.HiredisError, ConnectFailed) as error:
            self.close()
            return Answer(self._end, None, f"can't be asked: {error}")
        if isinstance(reply, hiredis.ReplyError):
            return Answer(self._end, None, why_refused(str(reply)))
        return read_answer(self._end, self._master, reply)

    def close(self) -> None:
        """End the connection; the next question makes another."""
        if self._connection is not None:
            self._connection.socket.close()
            self._connection = None
