"""Shards of ClickHouse: servers that part clicks and their ledger between them, each click on one.

On several shards ``clicks`` and ``ledger`` are Distributed tables, which every host has, over
``clicks_local`` and ``ledger_local``, which hold a shard's rows. Inserts and reports go through the
former. Who draws conclusions asks each shard for what it holds: through a Distributed table nobody
knows which replica of another shard answers, and so none could be had to catch up.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import NamedTuple, TypeVar

from app.stores.clickhouse.connection import ClickHouseRefused, connect, translated
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.replicas import (
    CATCH_UP_SECONDS,
    Member,
    catch_up,
    members,
    url_of,
)

#: Tables that shards part between them; of the others each host has all rows.
SHARDED = ("clicks", "ledger")
_SUFFIX = "_local"

_ENGINE = """
SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'clicks'
"""
_OF_CLUSTER = re.compile(rb"Distributed\('([^']+)'")

_Answer = TypeVar("_Answer")


class Shard(NamedTuple):
    """A shard's own rows; one server, or a cluster of one shard, is one.

    Attributes:
        replicas: clients of one replica at least, of which the first is asked.
        suffix: what the names of its tables end with.
    """

    replicas: tuple[Client, ...]
    suffix: str = ""

    @property
    def client(self) -> Client:
        """Who is asked."""
        return self.replicas[0]

    def table(self, name: str) -> str:
        """Return what a table is called that holds this shard's rows."""
        return f"{name}{self.suffix}"

    def catch_up(self, *names: str, most_seconds: float = CATCH_UP_SECONDS) -> None:
        """Have the replicas get what was confirmed; as ``catch_up`` of one of them."""
        for one in self.replicas:
            catch_up(one, *map(self.table, names), most_seconds=most_seconds)


class ClickHouseConnection:
    """Connections to ClickHouse, made when first used and again after any failure.

    Args:
        url: as :func:`app.stores.clickhouse.connection.connect` reads it.
        timeout_seconds: longest wait for an answer.
        settings: ClickHouse settings of every query.
    """

    def __init__(
        self, url: str, timeout_seconds: float, settings: Mapping[str, object] | None = None
    ) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._settings = settings
        self._client: Client | None = None
        #: By their URLs, one for each shard.
        self._shards: dict[str, Client] = {}

    def ask(self, question: Callable[[Client], _Answer]) -> _Answer:
        """Return the answer to a question that is put to one host, whichever answers.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        try:
            with translated(self._url):
                if self._client is None:
                    self._client = self._connect(self._url)
                return question(self._client)
        except BaseException:
            # What was sent and what comes back is unknown, so nothing more may use it.
            self.close()
            raise

    def ask_each(self, question: Callable[[Shard], _Answer]) -> list[_Answer]:
        """Return the answers to a question that is put to one replica of each shard.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: as a server says; no shard is left out.
        """

        def ask(client: Client) -> list[_Answer]:
            cluster = cluster_of(client)
            if not cluster:
                return [question(Shard((client,)))]
            shards = _by_shard(members(client, self._url, cluster))
            urls = [url_of(self._url, hosts) for hosts in shards]
            return [self._of_shard(url, question) for url in urls]

        return self.ask(ask)

    def close(self) -> None:
        """Hang up; the next question connects anew."""
        for client in (*self._shards.values(), self._client):
            if client is not None:
                client.disconnect()
        self._client = None
        self._shards.clear()

    def _of_shard(self, url: str, question: Callable[[Shard], _Answer]) -> _Answer:
        if url not in self._shards:
            self._shards[url] = self._connect(url)
        with translated(url):
            return question(Shard((self._shards[url],), _SUFFIX))

    def _connect(self, url: str) -> Client:
        return connect(url, timeout_seconds=self._timeout_seconds, settings=self._settings)


class AllShards(Shard):
    """Rows of all shards as one host tells of them, whichever replicas it asks."""

    def catch_up(self, *names: str, most_seconds: float = CATCH_UP_SECONDS) -> None:
        """Leave it: which replicas answer, nobody knows."""


class ReadingConnection(ClickHouseConnection):
    """Connection of who only reads, and may neither see a cluster nor have replicas catch up.

    What was just confirmed may be missing where replicas are behind.
    """

    def ask_each(self, question: Callable[[Shard], _Answer]) -> list[_Answer]:
        """Return the answer to a question that is put to one host about all shards.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: as the server says.
        """
        return self.ask(lambda client: [question(AllShards((client,)))])


@contextmanager
def all_replicas(client: Client, url: str, timeout_seconds: float) -> Iterator[list[Shard]]:
    """Connect to each replica of each shard; without a cluster there is the client alone.

    Raises:
        ClickHouseUnavailable: one of them is away.
        ClickHouseRefused: as :func:`app.stores.clickhouse.replicas.members`, or the cluster has
            more shards than the tables.
    """
    if not client.cluster:
        yield [Shard((client,))]
        return
    with translated(url):
        cluster = cluster_of(client)
        shards = _by_shard(members(client, url, cluster))
        suffix = _SUFFIX if cluster else ""
    if len(shards) > 1 and not suffix:
        raise ClickHouseRefused(
            f"the cluster {client.cluster} has {len(shards)} shards, and our tables are those of"
            " one: run `hopline migrate`"
        )
    with ExitStack() as stack:

        def opened(member: Member) -> Client:
            one = url_of(url, [member])
            made = stack.enter_context(connect(one, timeout_seconds=timeout_seconds))
            with translated(one):
                made.execute("SELECT 1")
            return made

        yield [Shard(tuple(opened(member) for member in hosts), suffix) for hosts in shards]


def cluster_of(client: Client) -> str:
    """Return the cluster whose shards part clicks, or will; '' where one shard has all.

    The table knows it: who was started before a shard was added may be set to another cluster.

    Raises:
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    rows = client.execute(_ENGINE, settings={"strings_as_bytes": True}) if client.cluster else []
    found = _OF_CLUSTER.match(rows[0][0]) if rows else None
    return found[1].decode() if found else ""


def local(name: str) -> str:
    """Return what the table of a shard's own rows is called, on several shards."""
    return f"{name}{_SUFFIX}"


def _by_shard(hosts: list[Member]) -> list[list[Member]]:
    return [list(group) for _, group in groupby(hosts, key=lambda one: one.shard)]
