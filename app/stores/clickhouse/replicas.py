"""Replicas of ClickHouse: which there are, and whether the one that was reached has it all.

A replica confirms an insert before the others have it, so that whoever asks another one at once may
not find what is stored. Reports may be a moment behind; who draws conclusions has it catch up.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from app.stores.clickhouse.codes import TIMEOUT_EXCEEDED
from app.stores.clickhouse.connection import (
    ClickHouseRefused,
    ClickHouseUnavailable,
    connect,
    translated,
)
from app.stores.clickhouse.driver import Client, errors
from app.stores.clickhouse.hosts import at_place, places

#: Longest wait until a replica has what the others have.
CATCH_UP_SECONDS = 10.0

_MEMBERS = """
SELECT shard_num, host_name, port FROM system.clusters WHERE cluster = {name:String}
ORDER BY shard_num, replica_num
"""
_OTHER_HOSTS = re.compile(r"(?<=[?&])alt_hosts=[^&]*&?")


class ReplicaBehind(ClickHouseUnavailable):
    """A replica lacks what others have confirmed, so that what it answers says too little."""


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
            raise ReplicaBehind(
                f"the replica of {table} at {place} lacks what others have confirmed: it can't be"
                " told yet what is stored",
                error.code,
            ) from error


@contextmanager
def all_replicas(client: Client, url: str, timeout_seconds: float) -> Iterator[list[Client]]:
    """Connect to each replica of a client's cluster; without one there is the client alone.

    Raises:
        ClickHouseUnavailable: one of them is away.
        ClickHouseRefused: as :func:`replica_urls`.
    """
    if not client.cluster:
        yield [client]
        return
    with translated(url):
        urls = replica_urls(client, url)
    with ExitStack() as stack:
        found = []
        for one in urls:
            found.append(stack.enter_context(connect(one, timeout_seconds=timeout_seconds)))
            with translated(one):
                found[-1].execute("SELECT 1")
        yield found


def replica_urls(client: Client, url: str) -> list[str]:
    """Return URLs that lead to each replica of the cluster, as the server knows them.

    Args:
        client: of any of them.
        url: as :func:`app.stores.clickhouse.connection.connect` reads it, with a cluster.

    Raises:
        ClickHouseRefused: there is no such cluster, or it has several shards.
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    rows = client.execute(_MEMBERS, {"name": client.cluster})
    asked = client.connection.reached or places(url)[0]
    if not rows:
        found = client.execute("SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster")
        names = ", ".join(name for (name,) in found) or "none"
        raise ClickHouseRefused(
            f"ClickHouse at {asked} knows no cluster {client.cluster}, which"
            f" HOPLINE_CLICKHOUSE_CLUSTER names: of its <remote_servers> it knows {names}"
        )
    shards = len({shard for shard, _, _ in rows})
    if shards > 1:
        raise ClickHouseRefused(
            f"the cluster {client.cluster} of ClickHouse at {asked} has {shards} shards: Hopline"
            " keeps all clicks on each replica of one"
        )
    alone = _OTHER_HOSTS.sub("", url)
    ends = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for _, host, port in rows)
    return [at_place(alone, end) for end in ends]
