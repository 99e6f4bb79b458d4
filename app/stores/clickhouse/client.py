"""Client that reaches whichever of several ClickHouse hosts answers.

clickhouse-driver goes through its ``alt_hosts`` from the front for each new connection, waits for a
frozen one as long as for a report, and can't say afterwards which of them it had reached.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from app.stores.clickhouse.codes import TRANSIENT
from app.stores.clickhouse.driver import Client, Connection, errors
from app.stores.clickhouse.hosts import End, hosts_of

#: From here on this overrides ``insert_deduplicate``; older servers don't know it.
#: https://github.com/ClickHouse/ClickHouse/pull/94413
_NEW_NAME, _KNOWN_SINCE = "deduplicate_insert", (26, 2)

#: What the driver ends a failed connection's text with.
_ADDRESS = re.compile(r" ?\(\S+:\d+\)$")


class HostedConnection(Connection):  # type: ignore[misc] # the driver has no types
    """A connection to one of several hosts; with one host the driver's own.

    Attributes:
        reached: HOST:PORT that was reached last; '' before.
    """

    hosts: deque[End]

    def __init__(self, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self.reached = ""
        self._ends: tuple[End, ...] = tuple(self.hosts)
        self._hosts = hosts_of(self._ends)
        self._end: End | None = None

    @property
    def has_alternatives(self) -> bool:
        """Whether there are several hosts."""
        return len(self._ends) > 1

    def connect(self) -> None:
        """Connect to the first host that lets us in.

        Raises:
            clickhouse_driver.errors.Error, EOFError: none does.
        """
        if not self.has_alternatives:
            super().connect()
            self._note(self._ends[0])
            return
        if self.connected:
            self.leave(is_away=True)
        faults = [fault for end in self._hosts.in_order() if (fault := self._try(end))]
        if not self.connected:
            self.reached = ""
            error = errors.NetworkError("; ".join(faults))
            error.place = f"all {len(faults)} hosts"
            raise error

    def _try(self, end: End) -> str:
        """Connect to a host unless another let us in; return why it didn't."""
        if self.connected:
            return ""
        self.hosts = deque((end,))
        self._note(end)
        try:
            super().connect()
        except Exception as error:
            if not is_of_the_host(error):
                raise
            self.leave(is_away=True)
            return f"{self.reached} {reason(error)}"
        self._hosts.reached(end)
        return ""

    def leave(self, *, is_away: bool) -> None:
        """Hang up, and let the other hosts come first."""
        self.disconnect()
        if self.has_alternatives and self._end is not None:
            self._hosts.missed(self._end, is_away=is_away)

    def receive_hello(self) -> None:
        """Wait for the server's greeting no longer than for a connection: others may answer."""
        if not self.has_alternatives:
            super().receive_hello()
            return
        with self.timeout_setter(self.connect_timeout):
            super().receive_hello()

    def send_query(self, *args: Any, **kwargs: Any) -> None:
        """Send a query without the settings that its server doesn't know."""
        if self.server_info.version_tuple()[:2] < _KNOWN_SINCE:
            known = self.context.settings
            known.pop(_NEW_NAME, None)
            self.context.settings = known
        super().send_query(*args, **kwargs)

    def _note(self, end: End) -> None:
        host, port = end
        self._end = end
        self.reached = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class HostedClient(Client):  # type: ignore[misc] # the driver has no types
    """A client of one of several hosts, which marks the exceptions of those with ``place``.

    Attributes:
        cluster: name of the one whose replicas they are; '' where tables are not replicated.
        quorum: how many replicas have to confirm an insert, as ClickHouse's ``insert_quorum``.
    """

    connection: HostedConnection

    def __init__(self, host: str, cluster: str, quorum: str, **options: Any) -> None:
        self.cluster = cluster
        self.quorum = quorum
        # What it would do with them is ours, and what it does with `round_robin` is no use: it
        # hands the first connection the hosts of all others (clickhouse-driver #481).
        options.pop("round_robin", None)
        settings = options.pop("settings", None)
        super().__init__("", settings=settings)
        self.connections = deque((HostedConnection(host, **options),))
        del self.connection
        self.connection = self.get_connection()

    @contextmanager
    def disconnect_on_error(self, query: str, settings: Mapping[str, object]) -> Iterator[None]:
        """Connect, and hang up after an error."""
        with self._marked(), super().disconnect_on_error(query, settings):
            yield

    def packet_generator(self) -> Iterator[Any]:
        """Yield what the server answers, to whoever reads it later on, too."""
        with self._marked():
            yield from super().packet_generator()

    @contextmanager
    def _marked(self) -> Iterator[None]:
        connection = self.connection
        try:
            yield
        except Exception as error:
            if connection.has_alternatives and connection.reached:
                error.place = connection.reached  # type: ignore[attr-defined]
                if is_of_the_host(error):
                    connection.leave(is_away=False)
            raise


def is_of_the_host(error: Exception) -> bool:
    """Tell whether another host may do better: this one is away, or not well."""
    if isinstance(error, errors.ServerException):
        return error.code in TRANSIENT
    broken = (errors.NetworkError, errors.SocketTimeoutError, OSError, EOFError)
    return isinstance(error, broken)


def reason(error: Exception) -> str:
    """Return why a host is away, without the address, in one line."""
    if isinstance(error, EOFError):
        return "it closed the connection"
    if isinstance(error, errors.ServerException):
        return summary(error.message)
    if not isinstance(error, errors.Error):
        return str(error)
    return _ADDRESS.sub("", str(error.message)) or "it gave no answer in time"


def summary(text: str) -> str:
    """Return what a server's error says, on one line, without its stack trace."""
    said = text.partition("Stack trace:")[0].removeprefix("DB::Exception:")
    return " ".join(said.split())
