"""Connections that reach ClickHouse: the only file that knows its URLs, timeouts and error codes.

Rule 1: a client belongs to one process, one thread and one greenlet, and never crosses a fork:
        the native protocol answers one query at a time on a connection
        (clickhouse-driver docs, quickstart).
Rule 2: nothing is sent twice by itself. The driver reconnects before a query, never during one, and
        only then does it take another of several hosts.
Rule 3: INSERT data goes in as an argument; with inline literals the driver waits for ever.
Rule 4: every insert has a deduplication token, and only a second try has that of another insert.
        ClickHouse drops what comes with a token that it knows, also when the rows of the first
        insert are gone: deleted, or lost with their part. Without a token it takes the block's
        checksum for one, and since 26.2 it doesn't heed insert_deduplicate, but deduplicate_insert.
"""

import logging
import secrets
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from app.stores.clickhouse.client import HostedClient, reason, summary
from app.stores.clickhouse.codes import TRANSIENT, UNKNOWN_DATABASE, UNKNOWN_TABLE
from app.stores.clickhouse.driver import Client, errors, parse_url
from app.stores.clickhouse.hosts import at_place, path, places, with_parameters

#: Oldest release that gets every deduplication setting that the inserts rely on.
MIN_VERSION = (24, 8)
#: Database that every server has, for the time before ours exists.
FIRST_DATABASE = "default"
#: Longest wait for a connection and for the ping before a query; a reply may take longer.
CONNECT_SECONDS = 5.0
#: The same where another host may answer.
FAILOVER_SECONDS = 2.0

#: Parameters of a URL that are ours.
_CLUSTER, _QUORUM = "hopline_cluster", "hopline_quorum"
#: How often an insert asks a Keeper that is away again: 0.7 s. 20 times, as by default, take longer
#: than anybody waits for the answer.
_KEEPER_RETRIES = 3
#: 10 minutes by default, which is as long.
_QUORUM_TIMEOUT_MS = 10_000


class ClickHouseError(Exception):
    """Base of what this file raises; the text names the server and says what to do.

    Attributes:
        code: the server's error code, 0 when it gave none.
    """

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class ClickHouseUnavailable(ClickHouseError):
    """The server is away, overloaded or full: the same call may work later.

    The outcome of the call is unknown: an insert may have been carried out.
    """


class ClickHouseRefused(ClickHouseError):
    """The server answered and said no: the same call will not work until someone mends it."""


def connect(
    url: str,
    *,
    timeout_seconds: float,
    database: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Client:
    """Return a client that connects when first used; its ``execute`` takes ``{name:Type}`` params.

    Args:
        url: clickhouse:// or clickhouses:// (TLS) with user, password, database, and one HOST:PORT
            or several between commas, of which the first that answers is kept as long as it does;
            the query may hold what clickhouse-driver reads there, e.g. ``ca_certs``, and the
            cluster whose replicas the hosts are, as :func:`of_cluster` puts it there.
        timeout_seconds: longest wait for a reply.
        database: one to use instead of the URL's.
        settings: ClickHouse settings of every query.

    Raises:
        ClickHouseRefused: a parameter of the URL can't be read.
    """
    # Whatever goes wrong is raised to the caller; the driver also logs it, with a traceback.
    logging.getLogger("clickhouse_driver.connection").setLevel(logging.CRITICAL)
    first, *others = places(url)
    try:
        host, options = parse_url(at_place(url, first))
    except ValueError:
        # What it says repeats the parameter, which may be a password.
        raise ClickHouseRefused(
            f"ClickHouse at {_place(url)}: a parameter behind the ? of its URL is no number, or"
            " neither true nor false, where it should be"
        ) from None
    held = options.pop("settings", {})
    cluster, quorum = held.pop(_CLUSTER, ""), held.pop(_QUORUM, "0")
    options["settings"] = {
        **held,
        # A figure that lacks a shard's clicks is none, whatever the server's profile says.
        **({"skip_unavailable_shards": 0} if cluster else {}),
        **(settings or {}),
        "server_side_params": True,
    }
    options["database"] = database or database_name(url)
    if others:
        options["alt_hosts"] = ",".join(others)
    options.setdefault("connect_timeout", _connect_seconds(url, timeout_seconds))
    options.setdefault("sync_request_timeout", _connect_seconds(url, timeout_seconds))
    options.setdefault("send_receive_timeout", timeout_seconds)
    options.setdefault("client_name", "hopline")
    return HostedClient(host or "127.0.0.1", cluster, quorum, **options)


def of_cluster(url: str, cluster: str, quorum: str) -> str:
    """Return a URL that says which cluster its hosts are replicas of.

    Args:
        cluster: a name of letters, digits, ``_``, ``-`` and ``.``.
        quorum: as ClickHouse's ``insert_quorum``.
    """
    return with_parameters(url, **{_CLUSTER: cluster, _QUORUM: quorum})


def longest_call_seconds(url: str, timeout_seconds: float) -> float:
    """Return how long a call may take that waits for everything: ping, connecting, the reply."""
    connect_seconds = _connect_seconds(url, timeout_seconds)
    count = len(places(url))
    # Each of several hosts may accept the connection, and then say nothing.
    tries = 2 * count if count > 1 else 1
    return (1 + tries) * connect_seconds + timeout_seconds


def _connect_seconds(url: str, timeout_seconds: float) -> float:
    return min(timeout_seconds, FAILOVER_SECONDS if len(places(url)) > 1 else CONNECT_SECONDS)


def new_token() -> str:
    """Return a deduplication token that no insert ever had."""
    return secrets.token_hex(16)


def insert_settings(client: Client, rows: int, token: str = "") -> dict[str, object]:
    """Return the settings of an insert of one block, whatever the server's profile says.

    Args:
        client: which inserts.
        rows: how many the insert has.
        token: of the insert that this one may be a second try of; '' where it is none.
    """
    of_replicas = {
        "insert_keeper_max_retries": _KEEPER_RETRIES,
        "insert_quorum": client.quorum,
        "insert_quorum_timeout": _QUORUM_TIMEOUT_MS,
    }
    return {
        **(of_replicas if client.cluster else {}),
        # Answered when the rows are stored, on every shard; on disk, as the tables are set.
        "async_insert": 0,
        "distributed_foreground_insert": 1,
        "insert_deduplicate": 1,
        "deduplicate_insert": "enable",  # the same since 26.2
        "insert_deduplication_token": token or new_token(),
        # Else a block that is dropped as a duplicate still flows into materialized views (24.7 on).
        "deduplicate_blocks_in_dependent_materialized_views": 1,
        "insert_block_size": rows,
        # A foreign producer's timestamps may span more months than the 100 that are allowed, and
        # would be refused as "too many parts" for ever.
        "max_partitions_per_insert_block": 0,
    }


def database_name(url: str) -> str:
    """Return the database that a URL names."""
    return path(url) or FIRST_DATABASE


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn clickhouse-driver's exceptions into ours.

    What the driver raises about the data of an insert, or about a client that is used twice at
    the same time, is left alone: it is a fault of the caller.

    Raises:
        ClickHouseUnavailable: the call may work later; its outcome is unknown.
        ClickHouseRefused: it will not.
    """
    try:
        yield
    except errors.ServerException as error:
        kind = ClickHouseUnavailable if error.code in TRANSIENT else ClickHouseRefused
        said = f"{summary(error.message)}{_hint(error.code)}"
        text = f"ClickHouse at {_place(url, error)} says: {said}"
        raise kind(text, error.code) from error
    except ssl.SSLCertVerificationError as error:
        raise ClickHouseRefused(f"ClickHouse at {_place(url, error)}: {error}") from error
    except (*_BROKEN_CONNECTION, OSError, EOFError) as error:
        raise ClickHouseUnavailable(
            f"ClickHouse at {_place(url, error)} is away: {reason(error)}"
        ) from error


_BROKEN_CONNECTION = (
    errors.NetworkError,
    errors.SocketTimeoutError,
    errors.UnexpectedPacketFromServerError,
    errors.UnknownPacketFromServerError,
    errors.ChecksumDoesntMatchError,
)


def _hint(code: int) -> str:
    return " Run `hopline migrate`." if code in (UNKNOWN_TABLE, UNKNOWN_DATABASE) else ""


def _place(url: str, error: Exception | None = None) -> str:
    """Return the host that an error came from, or all if that is not known."""
    return getattr(error, "place", "") or ", ".join(places(url))


def server_version(client: Client) -> str:
    """Return the server's version, e.g. ``26.7.2.1``."""
    return str(client.execute("SELECT version()")[0][0])


def require_version(client: Client) -> str:
    """Return the server's version.

    Raises:
        ClickHouseRefused: when it is older than :data:`MIN_VERSION`.
    """
    version = server_version(client)
    major, minor = version.split(".")[:2]
    if (int(major), int(minor)) < MIN_VERSION:
        raise ClickHouseRefused(f"ClickHouse {version} is too old: Hopline needs 24.8 or newer")
    return version
