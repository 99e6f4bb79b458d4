"""Whether hosts fit together in a cluster, by what they say of themselves."""

import pytest

from app.schema.membership import (
    Macros,
    TableServer,
    require_distinct,
    require_same_cluster,
    strangers,
)
from app.schema.mismatch import SchemaMismatch
from app.stores.clickhouse.connection import connect
from app.stores.clickhouse.hosts import at_place
from app.stores.clickhouse.replicas import Member, members


def test_two_shards_of_two_replicas_fit():
    found = {
        f"ch{number}{replica}": Macros(number, f"0{number}", replica)
        for number in (1, 2)
        for replica in ("a", "b")
    }
    require_distinct(found)


@pytest.mark.parametrize(
    ("macros", "words"),
    [
        ([(1, "01", "a"), (1, "02", "b")], "the same on all replicas: h0 has 01, h1 has 02"),
        ([(1, "01", "a"), (1, "02", "b"), (2, "03", "a")], "the same on all replicas of a shard"),
        ([(1, "01", "a"), (2, "01", "a")], "another on each shard: h0 has 01, h1 has 01"),
        ([(1, "01", "a"), (1, "01", "a"), (2, "02", "a")], "a macro replica of its own: h0 has a"),
    ],
)
def test_macros_that_would_mix_up_hosts_are_refused(macros, words):
    found = {f"h{number}": Macros(*one) for number, one in enumerate(macros)}
    with pytest.raises(SchemaMismatch, match=words):
        require_distinct(found)


def test_a_host_under_another_name_is_no_stranger(shared_replicas, replicas_url):
    first = shared_replicas.replicas[0]
    other_name = at_place(replicas_url, f"localhost:{first.port}")
    with connect(replicas_url, timeout_seconds=30, database="default") as client:
        known = members(client, replicas_url)
    assert strangers(replicas_url, known, 5) == []
    assert strangers(other_name, [one._replace(address="") for one in known], 5) == []
    gone = at_place(replicas_url, "127.0.0.1:1")
    assert strangers(gone, known, 5) == []


def test_a_host_that_knows_another_cluster_is_refused(shared_replicas, replicas_url):
    with connect(replicas_url, timeout_seconds=30, database="default") as client:
        server = TableServer(replicas_url, client)
        known = members(client, replicas_url)
        require_same_cluster(server, known)
        with pytest.raises(SchemaMismatch, match=r"shard 1: .* elsewhere shard 1: ch1:9000; shard"):
            require_same_cluster(server, [Member(1, "ch1:9000", ""), Member(2, "ch2:9000", "")])
