"""Who computes is killed at any step, or is not alone: reports are right, or read the clicks."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pytest

from app.erasure.choice import Choice
from app.erasure.sums import StoredSums
from app.reports.query import Query
from app.reports.reading.reader import Reports
from app.stores.clickhouse.connection import connect
from app.sums.comparison import compare_sums
from app.sums.computation import Computation
from app.sums.days import clean_days
from tests.support.clicks import click_row, insert_clicks

NOON = datetime(2026, 5, 10, 12, 0, tzinfo=UTC)
DAY = NOON.date()
#: Computes the day, and is killed when a statement that begins so is sent for the given time.
KILLED = """
import os, signal, sys
from datetime import date
from app.stores.clickhouse.client import HostedClient
from app.sums.computation import Computation

url, day, beginning, times, is_after = sys.argv[1:]
left = int(times)
execute = HostedClient.execute

def counted(self, query, *arguments, **options):
    global left
    left -= beginning in query
    if left == 0 and not int(is_after):
        os.kill(os.getpid(), signal.SIGKILL)
    found = execute(self, query, *arguments, **options)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

HostedClient.execute = counted
Computation(url, 30).compute(date.fromisoformat(day))
"""


@pytest.fixture
def url(migrated_url):
    insert_clicks(migrated_url, *(click_row(NOON) for _ in range(20)))
    return migrated_url


@pytest.fixture
def client(url):
    with connect(url, timeout_seconds=30) as client:
        client.execute("TRUNCATE TABLE click_marks")
        yield client


@pytest.mark.parametrize(
    ("beginning", "times", "is_after"),
    [
        ("INSERT INTO click_sum_days", 1, 1),  # nothing but that it was begun
        ("INSERT INTO click_sums", 2, 1),  # sums, and no values
        ("INSERT INTO click_values", 1, 1),  # some values
        ("INSERT INTO click_sum_days", 2, 0),  # all rows, and not published
        ("INSERT INTO click_sum_days", 2, 1),  # published
        *(("", number, 0) for number in (3, 6, 8, 9, 12, 14, 16)),  # before this statement
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_who_is_killed_leaves_no_wrong_sums(url, client, beginning, times, is_after, is_first):
    if not is_first:
        with closing(Computation(url, 30)) as computation:
            computation.compute(DAY)
    arguments = (url, str(DAY), beginning, str(times), str(is_after))
    ended = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    is_published = not is_first or (times, is_after, beginning[-4:]) == (2, 1, "days")
    assert (DAY in clean_days(client)) == is_published
    assert compare_sums(url, 30) == []
    with closing(Computation(url, 30)) as computation:
        version = computation.compute(DAY).version
    assert clean_days(client)[DAY].version == version
    assert compare_sums(url, 30) == []


def test_two_who_compute_at_once_are_both_right(url, client):
    def compute(_):
        with closing(Computation(url, 30)) as computation:
            return computation.compute(DAY)

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(compute, range(2)))
    assert [one.clicks for one in found] == [20, 20]
    assert clean_days(client)[DAY].version == max(one.version for one in found)
    assert compare_sums(url, 30) == []


def test_who_is_killed_while_erasing_leaves_the_days_to_be_read(url, client):
    with closing(Computation(url, 30)) as computation:
        computation.compute(DAY)
    [(text,)] = client.execute("SELECT hex(min(click_id)) FROM clicks")
    chosen = Choice(visitor=1), [bytes.fromhex(text)]
    erasing = StoredSums([client], url).marked(*chosen, lambda _: None)
    erasing.__enter__()
    client.execute("DELETE FROM clicks WHERE hex(click_id) = {text:String}", {"text": text})
    # Killed here: what marks the days once more, and deletes sums, never comes.
    assert clean_days(client) == {}
    with Reports(url, timeout_seconds=30) as reports:
        assert reports.ask(Query(), NOON).figures.humans == 19
