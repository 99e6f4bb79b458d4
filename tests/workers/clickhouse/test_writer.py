from typing import Any

import pytest

from app.schema.migrations import migrate
from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable, connect
from tests.support.workers.rows import NOON_MS, plain_row, rows_of
from workers.clickhouse.batch import Batch
from workers.clickhouse.writer import RowsRefused, Writer

MONTH_MS = 31 * 86_400_000


def batch_of(*plain: dict[str, Any]) -> Batch:
    batch = Batch()
    batch.append([b"%d-0" % number for number in range(len(plain))], rows_of(*plain), 0.0)
    return batch


def insert(writer: Writer, batch: Batch, token: str = "") -> None:
    writer.insert(batch, token)


def query(url: str, sql: str):
    with connect(url, timeout_seconds=30) as client:
        return client.execute(sql)


@pytest.fixture
def writer(clicks_url, metrics):
    writer = Writer(clicks_url, 30, metrics)
    yield writer
    writer.close()


def test_every_value_arrives_as_it_was(writer, clicks_url):
    insert(writer, batch_of(plain_row(1)))
    columns = "* EXCEPT (click_id, time, ip, enriched_at)"
    exact = "hex(click_id), toUnixTimestamp64Milli(time), toString(ip)"
    ((*values, click_id, time, ip),) = query(clicks_url, f"SELECT {columns}, {exact} FROM clicks")
    left_out = ("click_id", "time", "ip", "enriched_at")
    expected = [value for name, value in plain_row(1).items() if name not in left_out]
    assert [text.encode() if isinstance(text, str) else text for text in values] == expected
    assert (int(click_id, 16), time, ip) == (1, NOON_MS + 1, "::ffff:192.0.2.0")


def test_rows_are_counted_by_who_follows_the_link(writer, metrics):
    people = [plain_row(number, verdict=b"person") for number in range(3)]
    insert(writer, batch_of(*people, plain_row(7)))
    counted = metrics.rows_judged.labels
    assert counted("person")._value.get() == 3
    assert counted("bot")._value.get() == 1
    assert counted("preview")._value.get() == 0


def test_a_batch_sent_again_leaves_no_second_copy(writer, clicks_url, metrics):
    rows = [plain_row(number) for number in range(100)]
    insert(writer, batch_of(*rows), "token")
    later = batch_of(*({**one, "enriched_at": NOON_MS + 999} for one in reversed(rows)))
    insert(writer, later, "token")
    assert query(clicks_url, "SELECT count() FROM clicks") == [(100,)]
    assert metrics.rows_inserted._value.get() == 200
    assert metrics.insert_rows._sum.get() == 200


def test_a_batch_of_more_months_than_clickhouse_allows_is_inserted(writer, clicks_url):
    rows = [plain_row(number, time=NOON_MS - number * MONTH_MS) for number in range(110)]
    insert(writer, batch_of(*rows))
    assert query(clicks_url, "SELECT uniqExact(toYYYYMM(time)) FROM clicks") == [(110,)]


def test_a_missing_table_is_refused_and_works_once_it_is_there(clickhouse_url, metrics):
    writer = Writer(clickhouse_url, 30, metrics)
    with pytest.raises(ClickHouseRefused, match="hopline migrate"):
        insert(writer, batch_of(plain_row()))
    migrate(clickhouse_url, timeout_seconds=30, ttl_days=0)
    insert(writer, batch_of(plain_row()))
    writer.close()
    assert query(clickhouse_url, "SELECT count() FROM clicks") == [(1,)]


def test_rows_whose_values_do_not_fit_are_refused(writer):
    with pytest.raises(RowsRefused, match="can't send a row"):
        insert(writer, batch_of(plain_row(visitor_id=-1)))
    insert(writer, batch_of(plain_row()))


def test_rows_that_break_a_constraint_are_refused(writer, clicks_url):
    query(clicks_url, "ALTER TABLE clicks ADD CONSTRAINT sane CHECK short_code != 'bad'")
    with pytest.raises(RowsRefused):
        insert(writer, batch_of(plain_row(1), plain_row(2, short_code=b"bad")))
    insert(writer, batch_of(plain_row(1)))


def test_stored_clicks_are_counted_each_once(writer):
    stored = batch_of(
        *(plain_row(number, short_code=b"code%d" % (number % 7)) for number in range(50))
    )
    assert writer.count_stored(stored) == 0
    insert(writer, stored)
    writer.insert(stored, "another token")
    assert writer.count_stored(stored) == 50
    assert (
        writer.count_stored(batch_of(plain_row(7), plain_row(1000, time=NOON_MS - MONTH_MS))) == 0
    )
    assert writer.count_stored(batch_of(plain_row(7, short_code=b"code0"), plain_row(1000))) == 1


def test_a_killed_server_is_unavailable_until_it_is_back(clickhouse_server, metrics):
    server = clickhouse_server()
    url = server.url("mine")
    migrate(url, timeout_seconds=30, ttl_days=0)
    writer = Writer(url, 10, metrics)
    insert(writer, batch_of(plain_row(1)))
    server.kill()
    for _ in range(2):
        with pytest.raises(ClickHouseUnavailable):
            insert(writer, batch_of(plain_row(2)))
    server.start()
    insert(writer, batch_of(plain_row(2)))
    writer.close()
    assert query(url, "SELECT count() FROM clicks") == [(2,)]
