"""Threads that ask where to connect to, for redis-py: Sentinels, or nodes of a cluster.

A process asks each over one connection, however many clients it has.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache, partial
from queue import SimpleQueue
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import SSLConnection
from redis.retry import Retry

from app.stores.redis.address import Address, Peer, parse_url
from app.stores.redis.cluster import (
    QUESTIONS,
    NoCluster,
    Redirection,
    read_redirection,
    read_view,
)
from app.stores.redis.cluster_locator import (
    NO_NODE,
    ClusterLocator,
    Said,
    Silence,
    why_silent,
)
from app.stores.redis.errors import said_by, translated
from app.stores.redis.polling import ASK_SECONDS, Poll
from app.stores.redis.sentinel import (
    Answer,
    MasterLocator,
    question,
    read_answer,
    why_refused,
)


@cache
def master_locator(url: str) -> MasterLocator:
    """Return the one locator that all clients of a URL with Sentinels go by in this process."""
    address = parse_url(url)
    assert address.sentinels is not None  # noqa: S101 - else there is nobody to ask
    askers = {end: SentinelAsker(address, end, ASK_SECONDS) for end in address.sentinels.ends}
    poll = Poll(lambda end: askers[end].ask(), _spawn, SimpleQueue)
    return MasterLocator(address, poll, threading.Lock())


def _spawn(run: Callable[..., object], *arguments: object) -> None:
    threading.Thread(target=run, args=arguments, name="sentinel", daemon=True).start()


@cache
def cluster_locator(url: str) -> ClusterLocator:
    """Return the one locator that all clients of a cluster's URL go by in this process."""
    address = parse_url(url)
    askers: dict[Peer, Asker] = {}

    def ask(end: Peer) -> Said:
        if end not in askers:
            askers[end] = Asker(address.at(end), ASK_SECONDS)
        return _view_of(askers[end], end)

    return ClusterLocator(address, Poll(ask, _spawn, SimpleQueue), threading.Lock())


def _view_of(asker: "Asker", end: Peer) -> Said:
    try:
        return read_view(end, *(asker.call(*question) for question in QUESTIONS))
    except NoCluster:
        return NO_NODE
    except redis.exceptions.ResponseError as error:
        return why_silent(said_by(error))
    except redis.AuthenticationError as error:
        return Silence(f"does not let us in: {error}", is_final=True)
    except (redis.RedisError, OSError) as error:
        return Silence(f"can't be asked: {_cause(error)}")


class Asker:
    """Connection that asks one end again and again, and is made anew after any trouble.

    Args:
        timeout_seconds: longest wait for the connection and for a reply.
    """

    def __init__(self, at: Address, timeout_seconds: float) -> None:
        self._connect = partial(_connection, at, timeout_seconds)
        # redis-py leaves its connections' methods untyped.
        self._connection: Any = None

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


class SentinelAsker(Asker):
    """Connection that asks one Sentinel where the master is.

    Args:
        address: of the master.
        end: of the Sentinel.
    """

    def __init__(self, address: Address, end: Peer, timeout_seconds: float) -> None:
        super().__init__(address.of_sentinel(end), timeout_seconds)
        assert address.sentinels is not None  # noqa: S101 - else there is nobody to ask
        self._end = end
        self._master = address.sentinels.master
        self._question = question(address)

    def ask(self) -> Answer:
        """Return what the Sentinel says, or why it says nothing; within a moment."""
        try:
            reply = self.call(*self._question)
        except redis.exceptions.ResponseError as error:
            return Answer(self._end, None, why_refused(said_by(error)))
        except (redis.RedisError, OSError) as error:
            return Answer(self._end, None, f"can't be asked: {_cause(error)}")
        return read_answer(self._end, self._master, reply)


def _cause(error: Exception) -> BaseException:
    # redis-py puts the place, which stands before this already, around what went wrong.
    return error.__context__ if isinstance(error.__context__, OSError) else error


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


def ask_elsewhere(
    at: Address, command: Sequence[Any], timeout_seconds: float, *, is_ask: bool
) -> Any:
    """Return the reply of a node that another one points to, over a connection of its own.

    Args:
        is_ask: whether the slot is still being moved there.

    Raises:
        redis.RedisError: there is none, or an error.
    """
    with closing(Asker(at, timeout_seconds)) as asker:
        if is_ask:
            asker.call("ASKING")
        return asker.call(*command)


def redirection_of(error: Exception) -> Redirection | None:
    """Return where redis-py's MovedError or AskError leads; hosts that it lacks are who said it."""
    return read_redirection(said_by(error), getattr(error, "peer", ("", 0)))


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
