"""Servers on which a migration carries out its statements: one, or each replica of a cluster.

``ON CLUSTER`` is not used: it needs a queue in Keeper of its own, and says of a statement that
failed on one host less than that host does.
"""

import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from app.schema.mismatch import SchemaMismatch
from app.stores.clickhouse.connection import (
    FIRST_DATABASE,
    ClickHouseRefused,
    ClickHouseUnavailable,
    connect,
    database_name,
    require_version,
    translated,
)
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.hosts import places
from app.stores.clickhouse.replicas import replica_urls

logger = logging.getLogger(__name__)

#: How long Keeper remembers an insert's token; an hour by default, and a retry may come later.
_TOKEN_SECONDS = 604_800
TOKENS = f"replicated_deduplication_window_seconds = {_TOKEN_SECONDS}"

_PLAIN = re.compile(r"^ENGINE = ReplacingMergeTree(?:\((\w+)\))?", re.MULTILINE)
_PATH = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
_NO_SUCH_MACRO = 139

#: A query of an hour and a half, of which some rows come at once.
_HOLD = "SELECT sleepEachRow(0.05) FROM numbers(100000)"
_HELD_FOR_LONG = {"max_block_size": 1, "max_execution_time": 0, "max_threads": 1}
_SAME_ID = 216
_POLL_SECONDS = 0.2
#: Longest wait for another process that migrates.
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class TableServer:
    """One server, and our database on it."""

    url: str
    client: Client

    @property
    def place(self) -> str:
        """What the server is called in texts."""
        return ", ".join(places(self.url))

    def run(self, statement: str, params: Any = None, **settings: object) -> Any:
        """Carry out a statement.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        with translated(self.url):
            return self.client.execute(statement, params, settings=settings)


class Servers:
    """Servers of one installation that answer.

    Attributes:
        are_replicas: whether they are replicas of a cluster.
        all: those that answer, at least one.
        away: what the others say.
    """

    def __init__(self, *, are_replicas: bool) -> None:
        self.are_replicas = are_replicas
        self.all: list[TableServer] = []
        self.away: list[ClickHouseUnavailable] = []

    @property
    def first(self) -> TableServer:
        """One of them, where it doesn't matter which."""
        return self.all[0]

    def run_everywhere(self, statement: str) -> None:
        """Carry out a migration's statement on each server.

        What one replica changes in a table, the others do as well, but not its settings; so each is
        asked, and waits for the others.
        """
        text = replicated(statement) if self.are_replicas else statement
        settings = {"alter_sync": 2} if self.are_replicas else {}
        for one in self.all:
            one.run(text, **settings)

    def require_all(self) -> None:
        """Go on only if no server is away.

        Raises:
            ClickHouseUnavailable: one is.
        """
        if self.away:
            text = f"{self.away[0]}; tables are changed on all replicas or on none"
            raise ClickHouseUnavailable(text, self.away[0].code)


@contextmanager
def opened(url: str, timeout_seconds: float) -> Iterator[Servers]:
    """Connect to the server, or to each replica, and create the database where it is missing.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
        SchemaMismatch: the replicas' macros are missing, or the same.
    """
    with (
        translated(url),
        connect(url, timeout_seconds=timeout_seconds, database=FIRST_DATABASE) as client,
    ):
        require_version(client)
        urls = replica_urls(client, url) if client.cluster else [url]
        servers = Servers(are_replicas=bool(client.cluster))
    with ExitStack() as stack:
        for one in urls:
            try:
                _create_database(one, timeout_seconds)
            except ClickHouseUnavailable as error:
                if not servers.are_replicas:
                    raise
                servers.away.append(error)
                continue
            client = stack.enter_context(connect(one, timeout_seconds=timeout_seconds))
            servers.all.append(TableServer(one, client))
        if servers.are_replicas:
            require_distinct({one.place: macros_of(one) for one in servers.all})
            stack.enter_context(_alone(servers.first.url, timeout_seconds))
        yield servers


@contextmanager
def _alone(url: str, timeout_seconds: float) -> Iterator[None]:
    """Have other processes that migrate the same replicas wait, until we are done or gone.

    A server runs no two queries of one id at once, and ends those whose client has hung up. On one
    server nobody has to wait, since there each statement may be carried out twice at once.

    Raises:
        ClickHouseUnavailable: another process takes too long.
    """
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    query_id = f"hopline migrate {database_name(url)}"
    while True:
        client = connect(url, timeout_seconds=timeout_seconds, database=FIRST_DATABASE)
        try:
            with translated(url):
                next(client.execute_iter(_HOLD, settings=_HELD_FOR_LONG, query_id=query_id))
            break
        except ClickHouseUnavailable as error:
            client.disconnect()
            if error.code != _SAME_ID or time.monotonic() > give_up_at:
                raise
            time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        client.disconnect()


def replicated(statement: str) -> str:
    """Return a migration's statement as each replica carries it out.

    The file and its checksum stay what they are: the engine is chosen where the tables are made.
    """
    if not _PLAIN.search(statement):
        return statement
    text = _PLAIN.sub(_replicated_engine, statement)
    return f"{text}{',' if 'SETTINGS ' in text else ' SETTINGS'} {TOKENS}"


def _replicated_engine(plain: re.Match[str]) -> str:
    version = f", {plain[1]}" if plain[1] else ""
    return f"ENGINE = ReplicatedReplacingMergeTree({_PATH}{version})"


def _create_database(url: str, timeout_seconds: float) -> None:
    # An embedded server dies when a client introduces itself with a database that isn't there.
    with (
        translated(url),
        connect(url, timeout_seconds=timeout_seconds, database=FIRST_DATABASE) as client,
    ):
        require_version(client)
        client.execute(
            "CREATE DATABASE IF NOT EXISTS {database:Identifier}", {"database": database_name(url)}
        )


def macros_of(server: TableServer) -> tuple[str, str]:
    """Return what a server puts for {shard} and {replica} in the path of a table.

    Raises:
        SchemaMismatch: it has no such macro.
    """
    try:
        shard, replica = server.run("SELECT getMacro('shard'), getMacro('replica')")[0]
    except ClickHouseRefused as error:
        if error.code != _NO_SUCH_MACRO:
            raise
        raise SchemaMismatch(
            f"ClickHouse at {server.place} lacks a macro: its configuration needs <macros> with"
            " <shard>, the same on all replicas, and <replica>, which each has its own of"
        ) from error
    return shard, replica


def require_distinct(found: Mapping[str, tuple[str, str]]) -> None:
    """Refuse macros, by host, that would not make the hosts replicas of each other.

    Raises:
        SchemaMismatch: the text says which.
    """
    if len({shard for shard, _ in found.values()}) > 1:
        said = ", ".join(f"{place} has {shard}" for place, (shard, _) in found.items())
        raise SchemaMismatch(f"the macro shard has to be the same on all replicas: {said}")
    if len({replica for _, replica in found.values()}) < len(found):
        said = ", ".join(f"{place} has {replica}" for place, (_, replica) in found.items())
        raise SchemaMismatch(f"each replica needs a macro replica of its own: {said}")
