import pytest

from app.audit.writer import write_ledger
from app.stores.clickhouse.connection import ClickHouseRefused, connect
from tests.support.workers.rows import NOON_MS, plain_row
from tests.workers.clickhouse.test_writer import batch_of, insert, query
from workers.clickhouse.writer import Writer

LEDGER = "SELECT hex(click_id), toUnixTimestamp64Milli(time) FROM ledger FINAL ORDER BY time"
#: Recent, for the ledger forgets what is old.
NOW_MS = 4_000_000_000_000


@pytest.fixture
def writer(clicks_url, metrics):
    writer = Writer(clicks_url, 30, metrics)
    yield writer
    writer.close()


def test_a_batch_is_in_the_ledger_and_in_clicks(writer, clicks_url):
    rows = [plain_row(1, time=NOW_MS), plain_row(2, time=NOW_MS + 1)]
    insert(writer, batch_of(*rows))
    assert query(clicks_url, LEDGER) == [(one["click_id"].hex(), one["time"]) for one in rows]
    assert query(clicks_url, "SELECT count() FROM clicks") == [(2,)]


def test_a_batch_is_in_the_ledger_before_its_clicks_are_stored(writer, clicks_url):
    query(clicks_url, "DROP TABLE clicks")
    with pytest.raises(ClickHouseRefused):
        insert(writer, batch_of(plain_row(1, time=NOW_MS)))
    assert len(query(clicks_url, LEDGER)) == 1


def test_a_retry_enters_its_clicks_again_and_they_are_one(clicks_url):
    click_ids, times_ms = [bytes(16), b"\1" * 16], [NOW_MS, NOW_MS]
    with connect(clicks_url, timeout_seconds=30) as client:
        write_ledger(client, click_ids, times_ms)
        client.execute("TRUNCATE TABLE ledger")
        for _ in range(2):
            write_ledger(client, click_ids, times_ms)
    assert len(query(clicks_url, LEDGER)) == 2


def test_nothing_is_stored_where_nothing_can_be_entered(writer, clicks_url):
    query(clicks_url, "DROP TABLE ledger")
    with pytest.raises(ClickHouseRefused, match="hopline migrate"):
        insert(writer, batch_of(plain_row(1, time=NOON_MS)))
    assert query(clicks_url, "SELECT count() FROM clicks") == [(0,)]


def test_times_of_any_century_can_be_entered(writer, clicks_url):
    times = range(1_000_000_000_000, 4_000_000_000_000, 25 * 10**9)
    insert(writer, batch_of(*(plain_row(n, time=time) for n, time in enumerate(times))))
    assert query(clicks_url, "SELECT count() FROM clicks") == [(120,)]
