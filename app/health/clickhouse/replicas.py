"""Checks that ask each replica of a cluster: is it there, is Keeper, and has it what it should."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from app.health.check import Check, fail, ok, warn
from app.health.clickhouse.shards import shard_checks
from app.schema.membership import (
    Macros,
    TableServer,
    macros_of,
    require_distinct,
    require_no_strangers,
    require_same_cluster,
)
from app.schema.migrations import tables
from app.schema.mismatch import SchemaMismatch
from app.stores.clickhouse.connection import (
    FIRST_DATABASE,
    ClickHouseError,
    ClickHouseRefused,
    connect,
    database_name,
    translated,
)
from app.stores.clickhouse.replicas import Member, members, url_of
from app.stores.clickhouse.shards import SHARDED, local

_MIGRATE = "run `hopline migrate`"
_CLUSTER = "clickhouse cluster"
_MACROS = "clickhouse macros"
_KEEPER = "clickhouse keeper"
_REPLICAS = "clickhouse replicas"
#: Behind by so much, a replica gives reports that somebody would notice.
_BEHIND_SECONDS = 60
_QUEUED = 1_000

#: Tables of a shard's own rows.
OWN = {local(name) for name in SHARDED}

_STATES = """
SELECT table, zookeeper_path, is_readonly, is_session_expired, zookeeper_exception,
    toInt64(absolute_delay), toInt64(queue_size), toInt64(lost_part_count)
FROM system.replicas WHERE database = {database:String}
"""


class ReplicaState(NamedTuple):
    """A table of one replica, as ``system.replicas`` says.

    Attributes:
        path: of the table in Keeper.
        keeper_error: what the last use of Keeper ended with.
        behind_seconds: how old the oldest of what it lacks is.
        queued: what it still has to get or do.
        lost_parts: that no replica had any more.
        shard: its host's, from 1.
    """

    table: str
    path: str
    is_readonly: bool
    is_session_expired: bool
    keeper_error: str
    behind_seconds: int
    queued: int
    lost_parts: int
    shard: int = 1

    @property
    def whole(self) -> tuple[str, int]:
        """The table whose replica it is: a shard's own, or one that is everywhere."""
        return self.table, self.shard if self.table in OWN else 0


def replica_checks(url: str, timeout_seconds: float) -> Iterator[Check]:
    """Yield the findings about the hosts of the cluster that a URL names."""
    try:
        with (
            translated(url),
            connect(url, timeout_seconds=timeout_seconds, database=FIRST_DATABASE) as client,
        ):
            hosts = members(client, url)
        require_no_strangers(url, hosts, timeout_seconds)
    except ClickHouseRefused as error:
        mend = "set HOPLINE_CLICKHOUSE_CLUSTER as <remote_servers> in ClickHouse's configuration"
        yield fail(_CLUSTER, str(error), mend)
        return
    faults: list[str] = []
    with ExitStack() as stack:
        servers: list[TableServer] = []
        for host in hosts:
            one = url_of(url, [host])
            try:
                opened = connect(one, timeout_seconds=timeout_seconds, database=FIRST_DATABASE)
                server = TableServer(one, stack.enter_context(opened), host.shard)
                require_same_cluster(server, hosts)
                servers.append(server)
            except SchemaMismatch as error:
                yield fail(_CLUSTER, str(error), "have the same <remote_servers> on all hosts")
            except ClickHouseError as error:
                faults.append(str(error))
        yield from _checks(servers, hosts, faults)


def _checks(
    servers: Sequence[TableServer], hosts: Sequence[Member], faults: Sequence[str]
) -> Iterator[Check]:
    macros: dict[str, Macros] = {}
    for one in servers:
        try:
            macros[one.place] = macros_of(one)
        except SchemaMismatch as error:
            yield fail(_MACROS, str(error), "set both in ClickHouse's configuration")
    yield from _macro_check(macros)
    states = {one.place: _states(one) for one in servers}
    yield judge_keeper(states)
    names = {*tables(), "migrations"}
    shards = hosts[-1].shard
    is_sharded = any(state.table in OWN for found in states.values() for state in found)
    if is_sharded:
        names = names - {*SHARDED} | OWN
    yield judge_replicas(states, faults, names)
    if is_sharded or shards > 1:
        yield from shard_checks([one for one in servers if states[one.place]], macros, shards)


def _states(server: TableServer) -> list[ReplicaState]:
    rows = server.run(_STATES, {"database": database_name(server.url)})
    return [ReplicaState(*row)._replace(shard=server.shard) for row in rows]


def _macro_check(macros: Mapping[str, Macros]) -> Iterator[Check]:
    try:
        require_distinct(macros)
    except SchemaMismatch as error:
        yield fail(_MACROS, str(error), "give each replica a macro of its own, and drop its tables")
    else:
        if macros:
            yield ok(_MACROS, "set, and another replica on each host")


def judge_keeper(states: Mapping[str, Sequence[ReplicaState]]) -> Check:
    """Judge whether every replica has a session at Keeper."""
    without = [
        f"{place}: {one.keeper_error.partition('. (')[0] or 'its session has expired'}"
        for place, found in states.items()
        if (one := next((each for each in found if _lacks_keeper(each)), None))
    ]
    if without:
        text = f"inserts wait, as replicas can't reach Keeper: {'; '.join(without)}"
        return fail(_KEEPER, text, "start Keeper, or see <zookeeper> in ClickHouse's configuration")
    return ok(_KEEPER, "every replica has a session")


def _lacks_keeper(state: ReplicaState) -> bool:
    return state.is_session_expired or bool(state.keeper_error)


def judge_replicas(
    states: Mapping[str, Sequence[ReplicaState]], away: Sequence[str], wanted: set[str]
) -> Check:
    """Judge whether all replicas have all tables, the same ones, and keep up.

    Args:
        states: by host, of those that answer.
        away: what the others say.
        wanted: names of our tables.
    """
    lacking = [
        f"{place} has no replica of {', '.join(sorted(missing))}"
        for place, found in states.items()
        if (missing := wanted - {one.table for one in found})
    ]
    if lacking:
        return fail(_REPLICAS, "; ".join(lacking), _MIGRATE)
    paths = {(one.whole, one.path) for found in states.values() for one in found}
    wholes = [whole for whole, _ in paths]
    apart = sorted({table for table, shard in wholes if wholes.count((table, shard)) > 1})
    if apart:
        text = (
            f"{', '.join(apart)}: the hosts are no replicas of each other, with paths of their own"
        )
        return fail(_REPLICAS, text, "DROP TABLE … SYNC where it is empty, then `hopline migrate`")
    worries = [*away, *(_worry(place, one) for place, found in states.items() for one in found)]
    if found := [worry for worry in worries if worry]:
        mend = "see system.replication_queue, and ClickHouse's log there; inserts go to the others"
        return warn(_REPLICAS, "; ".join(found), mend)
    return ok(_REPLICAS, f"all {len(states)} answer and keep up")


def _worry(place: str, state: ReplicaState) -> str:
    name = f"{state.table} of {place}"
    if state.is_readonly:
        return f"{name} is read-only"
    if state.behind_seconds > _BEHIND_SECONDS or state.queued > _QUEUED:
        return f"{name} is {state.behind_seconds} s behind, with {state.queued} steps to go"
    return f"{name} has lost {state.lost_parts} parts" if state.lost_parts else ""
