"""Replicas of ClickHouse: which there are, and whether the one that was reached has it all.

A replica confirms an insert before the others have it, so that whoever asks another one at once may
not find what is stored. Reports may be a moment behind; who draws conclusions has it catch up.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from app.stores.clickhouse.codes import TIMEOUT_EXCEEDED
from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable
from app.stores.clickhouse.driver import Client, errors
from app.stores.clickhouse.hosts import at_place, places

#: Longest wait until a replica has what the others have.
CATCH_UP_SECONDS = 10.0

_MEMBERS = """
SELECT shard_num, host_name, host_address, port, shard_weight FROM system.clusters
WHERE cluster = {name:String} ORDER BY shard_num, replica_num
"""
_OTHER_HOSTS = re.compile(r"(?<=[?&])alt_hosts=[^&]*&?")


class ReplicaBehind(ClickHouseUnavailable):
    """A replica lacks what others have confirmed, so that what it answers says too little."""


class Member(NamedTuple):
    """One host of a cluster, as a server knows it.

    Attributes:
        shard: its number, from 1.
        place: HOST:PORT.
        address: IP:PORT.
    """

    shard: int
    place: str
    address: str


def catch_up(client: Client, *tables: str, most_seconds: float = CATCH_UP_SECONDS) -> None:
    """Have the replica that a client reaches get all that was confirmed before.

    Does nothing without a cluster.

    Args:
        client: connected to the database of the tables.
        most_seconds: longest wait for each table; no longer than half of that for any reply, so
            that it is the server who ends it.

    Raises:
        ReplicaBehind: it has not got it in time; nothing can be told by what it says.
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    if not client.cluster:
        return
    wait_seconds = min(most_seconds, client.connection.send_receive_timeout / 2)
    for table in tables:
        try:
            # The server takes parts of a second; the driver's own type of this setting doesn't.
            client.execute(
                f"SYSTEM SYNC REPLICA {table} LIGHTWEIGHT",
                settings={"receive_timeout": str(wait_seconds)},
            )
        except errors.ServerException as error:
            if error.code != TIMEOUT_EXCEEDED:
                raise
            place = client.connection.reached or "this host"
            # Without the code: a shorter time to be looked at would not help.
            raise ReplicaBehind(
                f"the replica of {table} at {place} lacks what others have confirmed: it can't be"
                " told yet what is stored"
            ) from error


def members(client: Client, url: str, cluster: str = "") -> list[Member]:
    """Return the hosts of a cluster, shard by shard, as its server knows them.

    Args:
        client: of any of them.
        url: as :func:`app.stores.clickhouse.connection.connect` reads it, with a cluster.
        cluster: its name; that of the client by default.

    Raises:
        ClickHouseRefused: there is no such cluster, or its shards have weights.
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    name = cluster or client.cluster
    rows = client.execute(_MEMBERS, {"name": name})
    asked = client.connection.reached or places(url)[0]
    if not rows:
        found = client.execute("SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster")
        names = ", ".join(_text(one) for (one,) in found) or "none"
        who = "of our tables" if cluster else "which HOPLINE_CLICKHOUSE_CLUSTER names"
        raise ClickHouseRefused(
            f"ClickHouse at {asked} knows no cluster {name}, {who}: of its <remote_servers> it"
            f" knows {names}"
        )
    if any(weight != 1 for *_, weight in rows):
        raise ClickHouseRefused(
            f"shards of the cluster {name} of ClickHouse at {asked} have a <weight>, by"
            " which clicks would be looked for at another shard than they are on: take it out"
        )
    return [
        Member(shard, _end(_text(host), port), _end(_text(address), port))
        for shard, host, address, port, _ in rows
    ]


def url_of(url: str, hosts: Iterable[Member]) -> str:
    """Return a URL that leads to some hosts of its cluster, whichever of them answers."""
    return at_place(_OTHER_HOSTS.sub("", url), ",".join(one.place for one in hosts))


def _text(found: str | bytes) -> str:
    """Return a name, which a client may be set to read as bytes."""
    return found.decode() if isinstance(found, bytes) else found


def _end(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
