from app.clicks.rows import Rows
from app.stores.clickhouse.connection import connect


def test_rows_have_the_columns_of_the_table(migrated_url):
    with connect(migrated_url, timeout_seconds=30) as client:
        described = client.execute("DESCRIBE TABLE clicks")
    assert [column[0] for column in described] == list(Rows._fields)
