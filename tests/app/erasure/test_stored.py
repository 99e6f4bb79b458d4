from pathlib import Path

from app.erasure.choice import Choice
from app.erasure.stored import StoredClicks
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from app.stores.clickhouse.shards import Shard
from tests.support.clicks import NOON, click_row, insert_clicks
from tests.support.servers import SLOW_CLEANUP, ClickHouseServer


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
