"""Deletions that a replica hears of later than who was told."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.erasure.choice import Choice
from app.erasure.stored import StoredClicks
from app.erasure.sums import StoredSums
from app.stores.clickhouse.connection import connect
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import Shard
from app.sums.computation import Computation
from tests.support.clicks import NOON, click_row, insert_clicks

CODE = click_row(NOON)["short_code"]


class LateReplica:
    """Client of a server that hears of mutations only when it has been asked about them often."""

    def __init__(self, client: Client, asked: int) -> None:
        self._client = client
        self.still_asked = asked
        self.cluster, self.quorum = client.cluster, client.quorum
        self.connection = client.connection

    def execute(self, query: str, *arguments: Any, **options: Any) -> Any:
        if "FROM system.mutations" in query and self.still_asked:
            self.still_asked -= 1
            query = query.replace("system.mutations", "(SELECT * FROM system.mutations WHERE 0)")
        return self._client.execute(query, *arguments, **options)


@pytest.fixture
def replicas(migrated_url: str) -> Iterator[tuple[LateReplica, LateReplica]]:
    """Two of one server, with the clicks of two links and their sums."""
    insert_clicks(migrated_url, click_row(NOON), click_row(NOON, short_code="other"))
    Computation(migrated_url, 30).compute(NOON.date())
    with (
        connect(migrated_url, timeout_seconds=30) as first,
        connect(migrated_url, timeout_seconds=30) as second,
    ):
        yield LateReplica(first, 2), LateReplica(second, 3)
        assert first.execute("SELECT count() FROM system.mutations WHERE NOT is_done") == [(0,)]


def test_clicks_are_gone_where_the_deletion_was_heard_of_late(
    migrated_url: str, replicas: tuple[LateReplica, LateReplica]
) -> None:
    StoredClicks([Shard(replicas)], migrated_url).erase_link(Choice(CODE), lambda _: None)
    assert [one.still_asked for one in replicas] == [0, 0]
    assert replicas[0].execute("SELECT short_code FROM clicks") == [("other",)]


def test_sums_of_a_link_are_gone_where_the_deletion_was_heard_of_late(
    migrated_url: str, replicas: tuple[LateReplica, LateReplica]
) -> None:
    codes = "SELECT DISTINCT short_code FROM click_sums WHERE short_code != '' ORDER BY short_code"
    assert replicas[0].execute(codes) == [(CODE,), ("other",)]
    with StoredSums(replicas, migrated_url).marked(Choice(CODE), (), lambda _: None):
        assert [one.still_asked for one in replicas] == [2, 3]
    assert [one.still_asked for one in replicas] == [0, 0]
    assert replicas[0].execute(codes) == [("other",)]
