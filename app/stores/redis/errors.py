"""Errors that Redis' answers are translated into: try again, or refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.stores.redis.address import Peer, is_cluster, named, parse_url
from app.stores.redis.cluster_locator import ClusterRefused, NoNodes

_NO_PEER: Peer = ("", 0)


class RedisError(Exception):
    """Base of what this file raises; the text names the server and says what to do."""


class RedisUnavailable(RedisError):
    """The server is away, starting, out of memory or read-only: the same call may work later."""


class RedisRefused(RedisError):
    """The server answered and said no: the same call will not work until someone mends it."""


class RedisMistaken(RedisRefused):
    """What answers is another kind of server than the URL says."""


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn redis-py's exceptions into ours.

    Raises:
        RedisUnavailable: the call may work later; its outcome is unknown.
        RedisRefused: it will not.
    """
    import redis  # noqa: PLC0415

    try:
        yield
    except (redis.AuthenticationError, redis.exceptions.AuthorizationError) as error:
        raise RedisRefused(f"Redis at {_server(url, error)} does not let us in: {error}") from error
    except ClusterRefused as error:
        refused = RedisMistaken if isinstance(error, NoNodes) else RedisRefused
        raise refused(f"{parse_url(url)} can't be used: {error}") from error
    except redis.exceptions.AskError as error:
        raise _of_redirection(url, error) from error
    except redis.ReadOnlyError as error:
        raise RedisUnavailable(f"Redis at {_server(url, error)} is a replica: {error}") from error
    except (redis.ConnectionError, redis.TimeoutError) as error:
        is_loading = isinstance(error, redis.BusyLoadingError)
        state = "is loading its data" if is_loading else f"is away: {error}"
        raise RedisUnavailable(f"Redis at {_server(url, error)} {state}") from error
    except redis.InvalidResponse as error:
        raise RedisMistaken(
            f"what answers at {_server(url, error)} is no Redis: {error}"
        ) from error
    except redis.ResponseError as error:
        # In a pipeline redis-py puts words of its own before the server's.
        is_full = isinstance(error, redis.exceptions.OutOfMemoryError)
        said = said_by(error)
        kind = RedisUnavailable if is_full or is_transient(said) else RedisRefused
        raise kind(f"Redis at {_server(url, error)} says: {said}") from error


def _of_redirection(url: str, error: Exception) -> RedisError:
    server = _server(url, error)
    if is_cluster(url):
        return RedisUnavailable(f"Redis at {server} hands a slot over: {said_by(error)}")
    return RedisMistaken(f"Redis at {server} {IS_A_NODE}")


#: What is wrong with a node of a cluster behind redis://.
IS_A_NODE = (
    "is a node of a cluster: write its URL as"
    " redis+cluster://USER:PASSWORD@HOST:6379,HOST:6379,HOST:6379"
)


def said_by(error: Exception) -> str:
    """Return an error reply with its code, which redis-py leaves out where it has a class."""
    code = _CODE_OF_CLASS.get(type(error).__name__)
    return f"{code} {error}" if code else str(error)


_CODE_OF_CLASS = {
    "AskError": "ASK",
    "ClusterCrossSlotError": "CROSSSLOT",
    "ClusterDownError": "CLUSTERDOWN",
    "MasterDownError": "MASTERDOWN",
    "MovedError": "MOVED",
    "TryAgainError": "TRYAGAIN",
}


def _server(url: str, error: Exception) -> str:
    """Return the name of the server that an error came from, where that is known."""
    return named(parse_url(url), getattr(error, "peer", _NO_PEER))


def is_transient(reply: str) -> bool:
    """Tell whether an error reply describes a state that passes by itself or by an operator."""
    code = reply.partition(" ")[0]
    return code in _TRANSIENT or reply.startswith("command not allowed when used memory")


def may_have_lost(reply: str) -> bool:
    """Tell whether an error reply says that what was confirmed last is on no disk or no replica.

    A master that is cut off may be replaced by one that has not got it; one whose disk takes
    nothing has it in memory alone, for as long as that lasts.
    """
    return reply.partition(" ")[0] in ("MISCONF", "NOREPLICAS")


_TRANSIENT = frozenset(
    (
        "BUSY",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MISCONF",
        "NOREPLICAS",
        "OOM",
        "READONLY",
        "TRYAGAIN",
        "UNBLOCKED",
    )
)
