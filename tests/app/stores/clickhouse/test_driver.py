import subprocess
import sys
from datetime import date, timedelta

from app.stores.clickhouse.connection import connect

#: The ends of what a column of each type holds, and days that calendars get wrong.
DATES = [
    date(1970, 1, 1),
    date(1999, 12, 31),
    date(2024, 2, 29),
    date(2100, 3, 1),
    date(2149, 6, 6),
]
DATES_32 = [date(1900, 1, 1), date(1969, 12, 31), *DATES, date(2299, 12, 31)]


def test_dates_are_sent_and_read_as_they_are(clickhouse_url: str) -> None:
    with connect(clickhouse_url, timeout_seconds=5) as client:
        client.execute("CREATE TABLE days (day Date, wide Date32) ENGINE = Memory")
        client.execute("INSERT INTO days VALUES", [(day, day) for day in DATES])
        query = "SELECT day, wide, toString(day), toString(wide) FROM days ORDER BY day"
        expected = [(day, day, str(day), str(day)) for day in DATES]
        assert client.execute(query) == expected


def test_dates_before_1970_and_after_2149_are_sent_and_read_as_they_are(
    clickhouse_url: str,
) -> None:
    with connect(clickhouse_url, timeout_seconds=5) as client:
        client.execute("CREATE TABLE days (day Date32) ENGINE = Memory")
        client.execute("INSERT INTO days VALUES", [(day,) for day in DATES_32])
        query = "SELECT day, toString(day) FROM days ORDER BY day"
        assert client.execute(query) == [(day, str(day)) for day in DATES_32]


def test_every_day_of_the_server_is_read_as_it_is(clickhouse_url: str) -> None:
    with connect(clickhouse_url, timeout_seconds=5) as client:
        rows = client.execute("SELECT toDate(number) FROM numbers(65536)")
    assert rows == [(date(1970, 1, 1) + timedelta(days=days),) for days in range(65536)]


def test_days_are_computed_when_they_come_up() -> None:
    code = (
        "import app.stores.clickhouse.connection;"
        "from clickhouse_driver.columns.datecolumn import DateColumn as column;"
        "print(len(column.date_lut), len(column.date_lut_reverse))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "1 1\n"
