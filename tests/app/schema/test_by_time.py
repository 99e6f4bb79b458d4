"""The projection by time on a real server."""

import pytest

from app.schema.by_time import FILL
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from tests.support.clicks import click_row, insert_clicks
from tests.support.redirect.waiting import wait_until

_PARTS = """
SELECT countIf(name IN (
    SELECT parent_name FROM system.projection_parts
    WHERE database = currentDatabase() AND table = 'clicks' AND active AND name = 'by_time'
)), count()
FROM system.parts WHERE database = currentDatabase() AND table = 'clicks' AND active
"""


@pytest.fixture
def client(clickhouse_url):
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    with connect(clickhouse_url, timeout_seconds=30, settings={"mutations_sync": 1}) as client:
        yield client


def test_clicks_of_a_new_table_have_it_from_the_beginning(client, clickhouse_url):
    insert_clicks(clickhouse_url, click_row())
    assert client.execute(_PARTS) == [(1, 1)]


def test_a_table_of_before_gets_it_for_clicks_old_and_new(client, clickhouse_url):
    client.execute("ALTER TABLE clicks DROP PROJECTION by_time")
    client.execute(
        "ALTER TABLE clicks RESET SETTING deduplicate_merge_projection_mode,"
        " lightweight_mutation_projection_mode"
    )
    client.execute("SYSTEM STOP MERGES clicks")
    insert_clicks(clickhouse_url, click_row())
    assert client.execute(_PARTS) == [(0, 1)]
    assert migrate(clickhouse_url, timeout_seconds=30, ttl_days=0) == []
    insert_clicks(clickhouse_url, click_row())
    client.execute("SYSTEM START MERGES clicks")
    wait_until(lambda: client.execute(_PARTS)[0] in ((1, 1), (2, 2)))


def test_one_that_is_there_is_left_alone(client, clickhouse_url):
    query = "SELECT create_table_query FROM system.tables WHERE name = 'clicks'"
    query += " AND database = currentDatabase()"
    before = client.execute(query)
    mutations = "SELECT count() FROM system.mutations WHERE database = currentDatabase()"
    done = client.execute(mutations)
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    assert (client.execute(query), client.execute(mutations)) == (before, done)


@pytest.mark.parametrize("delete", ["DELETE FROM clicks", "ALTER TABLE clicks DELETE"])
def test_whoever_deletes_leaves_nothing_in_it(client, clickhouse_url, delete):
    rows = [click_row(short_code=code) for code in "ab"]
    insert_clicks(clickhouse_url, *rows)
    client.execute(f"{delete} WHERE short_code = 'a'")
    client.execute(f"ALTER TABLE clicks {FILL}")
    found = client.execute("SELECT click_id FROM clicks WHERE time > '2020-01-01' ORDER BY time")
    assert len(found) == 1
