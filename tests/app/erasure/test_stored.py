from pathlib import Path
from typing import Any

from app.erasure.choice import Choice
from app.erasure.stored import StoredClicks
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import Shard
from tests.support.clicks import NOON, click_row, insert_clicks
from tests.support.servers import SLOW_CLEANUP, ClickHouseServer


class LateReplica:
    """Client of a server that hears of mutations only when it has been asked about them often."""

    def __init__(self, client: Client, asked: int) -> None:
        self._client = client
        self.still_asked = asked
        self.cluster = client.cluster
        self.connection = client.connection

    def execute(self, query: str, *arguments: Any, **options: Any) -> Any:
        if "FROM system.mutations" in query and self.still_asked:
            self.still_asked -= 1
            query = query.replace("system.mutations", "(SELECT * FROM system.mutations WHERE 0)")
        return self._client.execute(query, *arguments, **options)


def test_a_replica_that_has_not_heard_of_a_deletion_yet_is_waited_for(migrated_url: str) -> None:
    insert_clicks(migrated_url, click_row(NOON), click_row(NOON, short_code="other"))
    with (
        connect(migrated_url, timeout_seconds=30) as first,
        connect(migrated_url, timeout_seconds=30) as second,
    ):
        replicas = (LateReplica(first, 2), LateReplica(second, 3))
        choice = Choice(click_row(NOON)["short_code"])
        StoredClicks([Shard(replicas)], migrated_url).erase_link(choice, lambda _: None)
        assert [one.still_asked for one in replicas] == [0, 0]
        assert first.execute("SELECT count() FROM clicks") == [(1,)]
        assert first.execute("SELECT count() FROM system.mutations WHERE NOT is_done") == [(0,)]


def test_files_of_before_go_at_once_where_the_server_looks_for_them_late(
    tmp_path: Path, cache_dir: Path
) -> None:
    with ClickHouseServer(tmp_path, cache_dir, SLOW_CLEANUP) as server:
        url = server.url("hopline")
        migrate(url, timeout_seconds=30, ttl_days=0)
        insert_clicks(url, click_row(NOON), click_row(NOON, short_code="other"))
        with connect(url, timeout_seconds=30) as client:
            stored = StoredClicks([Shard((client,))], url)
            stored.erase_link(Choice(click_row(NOON)["short_code"]), lambda _: None)
            left: list[int] = []
            assert stored.remove_old_parts(left.append)
            assert left[0] > 0
            assert client.execute("SELECT short_code FROM clicks") == [("other",)]
