"""Servers on which a migration carries out its statements: one, or each host of a cluster.

``ON CLUSTER`` is not used: it needs a queue in Keeper of its own, and says of a statement that
failed on one host less than that host does.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import groupby

from app.schema.engines import on_shards, replicated
from app.schema.layout import Layout
from app.schema.membership import (
    TableServer,
    macros_of,
    require_distinct,
    require_no_strangers,
    require_same_cluster,
)
from app.stores.clickhouse.connection import (
    FIRST_DATABASE,
    ClickHouseUnavailable,
    connect,
    database_name,
    require_version,
    translated,
)
from app.stores.clickhouse.hosts import places
from app.stores.clickhouse.replicas import Member, members, url_of
from app.stores.clickhouse.shards import SHARDED, local

#: A query of an hour and a half, of which some rows come at once.
_HOLD = "SELECT sleepEachRow(0.05) FROM numbers(100000)"
_HELD_FOR_LONG = {"max_block_size": 1, "max_execution_time": 0, "max_threads": 1}
_SAME_ID = 216
_POLL_SECONDS = 0.2
#: Longest wait for another process that migrates.
_PATIENCE_SECONDS = 300.0


class Servers:
    """Servers of one installation that answer.

    Attributes:
        cluster: name of the one whose hosts they are; '' for one server.
        shards: how many the cluster has.
        layout: which shard a click is on; None where one server or shard has all.
        all: those that answer, at least one, shard by shard.
        away: what the others say.
    """

    def __init__(self, cluster: str = "", shards: int = 1) -> None:
        self.cluster = cluster
        self.shards = shards
        self.layout: Layout | None = None
        self.all: list[TableServer] = []
        self.away: list[ClickHouseUnavailable] = []

    @property
    def first(self) -> TableServer:
        """One of them, where it doesn't matter which."""
        return self.all[0]

    @property
    def by_shard(self) -> list[list[TableServer]]:
        """Those of each shard of which any answers."""
        return [list(group) for _, group in groupby(self.all, key=lambda one: one.shard)]

    def own(self, table: str) -> str:
        """Return what a table is called that holds a server's own rows."""
        return local(table) if self.layout and table in SHARDED else table

    def run_everywhere(self, statement: str) -> None:
        """Carry out a migration's statement on each server.

        What one replica changes in a table, the others do as well, but not its settings; so each is
        asked, and waits for the others.
        """
        steps = [replicated(statement)] if self.cluster else [statement]
        if self.layout:
            steps = on_shards(statement, self.cluster, self.layout)
        settings = {"alter_sync": 2} if self.cluster else {}
        for text in steps:
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
    """Connect to the server, or to each host of its cluster, and create the database if missing.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
        SchemaMismatch: the hosts' macros are missing or the same, or they know other hosts.
    """
    with (
        translated(url),
        connect(url, timeout_seconds=timeout_seconds, database=FIRST_DATABASE) as client,
    ):
        require_version(client)
        cluster = client.cluster
        hosts = members(client, url) if cluster else [Member(1, ",".join(places(url)), "")]
    servers = Servers(cluster, hosts[-1].shard)
    if cluster:
        require_no_strangers(url, hosts, timeout_seconds)
    with ExitStack() as stack:
        for host in hosts:
            place = url_of(url, [host]) if cluster else url
            try:
                _create_database(place, timeout_seconds)
            except ClickHouseUnavailable as error:
                if not cluster:
                    raise
                servers.away.append(error)
                continue
            client = stack.enter_context(connect(place, timeout_seconds=timeout_seconds))
            servers.all.append(TableServer(place, client, host.shard))
        if cluster:
            require_distinct({one.place: macros_of(one) for one in servers.all})
            for one in servers.all:
                require_same_cluster(one, hosts)
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
