"""Membership of hosts in a cluster: what each says it is, and whether they fit together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.schema.mismatch import SchemaMismatch
from app.stores.clickhouse.connection import (
    FIRST_DATABASE,
    ClickHouseRefused,
    ClickHouseUnavailable,
    connect,
    translated,
)
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.hosts import at_place, places
from app.stores.clickhouse.replicas import Member, members

_NO_SUCH_MACRO = 139
_IS_LOCAL = "SELECT max(is_local) FROM system.clusters WHERE cluster = {name:String}"


@dataclass(frozen=True, slots=True)
class TableServer:
    """One server, and our database on it.

    Attributes:
        shard: its number in the cluster, from 1.
    """

    url: str
    client: Client
    shard: int = 1

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


class Macros(NamedTuple):
    """What a server puts for {shard} and {replica}, and the number of its shard."""

    number: int
    shard: str
    replica: str


def macros_of(server: TableServer) -> Macros:
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
            " <shard>, the same on all replicas of a shard, and <replica>, which each has its own"
            " of"
        ) from error
    return Macros(server.shard, shard, replica)


def require_distinct(found: Mapping[str, Macros]) -> None:
    """Refuse macros, by host, that would not make hosts of one shard replicas, and others none.

    Raises:
        SchemaMismatch: the text says which.
    """
    of_shards: dict[int, set[str]] = {}
    for one in found.values():
        of_shards.setdefault(one.number, set()).add(one.shard)
    said = ", ".join(f"{place} has {one.shard}" for place, one in found.items())
    if any(len(names) > 1 for names in of_shards.values()):
        which = "all replicas" if len(of_shards) == 1 else "all replicas of a shard"
        raise SchemaMismatch(f"the macro shard has to be the same on {which}: {said}")
    if len(set().union(*of_shards.values())) < len(of_shards):
        raise SchemaMismatch(f"the macro shard has to be another on each shard: {said}")
    if len({(one.number, one.replica) for one in found.values()}) < len(found):
        said = ", ".join(f"{place} has {one.replica}" for place, one in found.items())
        raise SchemaMismatch(f"each replica needs a macro replica of its own: {said}")


def require_same_cluster(server: TableServer, known: Sequence[Member]) -> None:
    """Refuse a host that knows other hosts in the cluster, or in another order.

    Raises:
        SchemaMismatch: the text says which.
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
    """
    with translated(server.url):
        found = members(server.client, server.url)
    if [(one.shard, one.place) for one in found] == [(one.shard, one.place) for one in known]:
        return
    raise SchemaMismatch(
        f"the cluster {server.client.cluster} is another one to {server.place} than to the others:"
        f" have the same <remote_servers> everywhere; there it is {_shown(found)}, elsewhere"
        f" {_shown(known)}"
    )


def strangers(url: str, known: Sequence[Member], timeout_seconds: float) -> list[str]:
    """Return the hosts of a URL that answer, and are none of the cluster's.

    A host may have several names, and so the server itself is asked where the name isn't known.

    Raises:
        ClickHouseRefused: as a server says.
    """
    ours = {end for one in known for end in (one.place, one.address)}
    found = []
    for place in places(url):
        if place in ours:
            continue
        one = at_place(url, place)
        try:
            with (
                translated(one),
                connect(one, timeout_seconds=timeout_seconds, database=FIRST_DATABASE) as client,
            ):
                ((is_local,),) = client.execute(_IS_LOCAL, {"name": client.cluster})
        except ClickHouseUnavailable:
            continue
        if not is_local:
            found.append(place)
    return found


def require_no_strangers(url: str, known: Sequence[Member], timeout_seconds: float) -> None:
    """Refuse hosts of a URL that are none of its cluster's.

    Raises:
        SchemaMismatch: the text names one.
        ClickHouseRefused: as a server says.
    """
    if found := strangers(url, known, timeout_seconds):
        raise SchemaMismatch(
            f"HOPLINE_CLICKHOUSE_URL names {found[0]}, which is no host of the cluster: by its"
            f" <remote_servers> that is {_shown(known)}"
        )


def _shown(hosts: Sequence[Member]) -> str:
    shards: dict[int, list[str]] = {}
    for one in hosts:
        shards.setdefault(one.shard, []).append(one.place)
    return "; ".join(f"shard {number}: {', '.join(ends)}" for number, ends in shards.items())
