"""Threads that ask Sentinels where the master is, for every connection that redis-py makes.

A process asks each Sentinel over one connection, however many clients it has.
"""

import threading
from collections.abc import Callable
from functools import cache, partial
from queue import SimpleQueue
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import SSLConnection
from redis.retry import Retry

from app.stores.redis.address import Address, Peer, parse_url
from app.stores.redis.errors import said_by, translated
from app.stores.redis.sentinel import (
    ASK_SECONDS,
    Answer,
    MasterLocator,
    Poll,
    question,
    read_answer,
    why_refused,
)


@cache
def master_locator(url: str) -> MasterLocator:
    """Return the one locator that all clients of a URL with Sentinels go by in this process."""
    address = parse_url(url)
    assert address.sentinels is not None  # noqa: S101 - else there is nobody to ask
    askers = {end: SentinelAsker(address, end) for end in address.sentinels.ends}
    poll = Poll(address.sentinels.ends, lambda end: askers[end].ask(), _spawn, SimpleQueue)
    return MasterLocator(address, poll, threading.Lock())


def _spawn(run: Callable[..., object], *arguments: object) -> None:
    threading.Thread(target=run, args=arguments, name="sentinel", daemon=True).start()


class SentinelAsker:
    """Connection that asks one Sentinel, and is made anew after any trouble.

    Args:
        address: of the master.
        end: of the Sentinel.
        timeout_seconds: longest wait for the connection and for a reply.
    """

    def __init__(self, address: Address, end: Peer, timeout_seconds: float = ASK_SECONDS) -> None:
        assert address.sentinels is not None  # noqa: S101 - else there is nobody to ask
        self._end = end
        self._master = address.sentinels.master
        self._question = question(address)
        self._connect = partial(_connection, address.of_sentinel(end), timeout_seconds)
        # redis-py leaves its connections' methods untyped.
        self._connection: Any = None

    def ask(self) -> Answer:
        """Return what the Sentinel says, or why it says nothing; within a moment."""
        try:
            reply = self.call(*self._question)
        except redis.exceptions.ResponseError as error:
            return Answer(self._end, None, why_refused(said_by(error)))
        except (redis.RedisError, OSError) as error:
            # redis-py puts the place, which stands before this already, around what went wrong.
            cause = error.__context__ if isinstance(error.__context__, OSError) else error
            return Answer(self._end, None, f"can't be asked: {cause}")
        return read_answer(self._end, self._master, reply)

    def call(self, *command: bytes | str) -> Any:
        """Return the reply to a command, bytes within maps and arrays.

        Raises:
            redis.RedisError: there is none, or an error.
        """
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.send_command(*command)
            return self._connection.read_response()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the connection; the next question makes another."""
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None


def ask_once(at: Address, *command: str, timeout_seconds: float) -> Any:
    """Return the reply of a server or a Sentinel, over a connection that is closed then.

    Raises:
        RedisUnavailable, RedisRefused: see :func:`app.stores.redis.errors.translated`.
    """
    place = f"[{at.host}]" if ":" in at.host else at.host
    connection = _connection(at, timeout_seconds)
    try:
        with translated(f"redis://{place}:{at.port}"):
            connection.send_command(*command)
            return connection.read_response()
    finally:
        connection.disconnect()


def _connection(at: Address, timeout_seconds: float) -> Any:
    kind: Any = redis.Connection
    options: dict[str, Any] = {}
    if at.tls:
        kind, options = SSLConnection, {"ssl_ca_certs": at.ca_file or None}
    return kind(
        host=at.host,
        port=at.port,
        username=at.username or None,
        password=at.password or None,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        **options,
    )
