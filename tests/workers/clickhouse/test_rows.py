from app.stores.clickhouse.connection import connect
from workers.clickhouse.rows import Rows


def test_rows_have_the_columns_of_the_table(clicks_url):
    with connect(clicks_url, timeout_seconds=30) as client:
        described = client.execute("DESCRIBE TABLE clicks")
    assert [column[0] for column in described] == list(Rows._fields)
