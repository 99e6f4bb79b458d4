import sqlite3
from contextlib import closing

import gevent
import pytest
from prometheus_client import CollectorRegistry

from app.clicks.click import new_click_id
from app.config.settings import Settings
from app.metrics.redirect import RedirectMetrics
from app.redirect.spool.file import SpoolFile
from app.redirect.spool.leftovers import SpoolLeftovers
from app.redirect.spool.location import NAME

NOW_MS = 1_778_414_400_000
DAY_MS = 86_400_000


@pytest.fixture
def file(tmp_path):
    made = SpoolFile(tmp_path / "spool", 1 << 24)
    yield made
    made.close()


def damaged(file):
    with closing(sqlite3.connect(file.directory / NAME)) as database, database:
        found = [one for (one,) in database.execute("SELECT click_id FROM damaged")]
    database.close()
    return found


def test_damaged_clicks_go_when_they_are_old_and_waiting_ones_never(file):
    ages = (0, 29, 31, 400)
    ids = [new_click_id(NOW_MS - days * DAY_MS, bytes(10)) for days in ages]
    strange = b"\xff" * 16
    file.write([(one, b"XADD") for one in (*ids, strange)])
    file.set_aside([*ids[:3], strange], "for the test")
    assert file.forget_damaged(NOW_MS - 30 * DAY_MS) == 2
    assert damaged(file) == sorted(ids[:2])
    assert [one for one, _ in file.oldest(10)] == [ids[3]]


def test_the_longest_lifetime_that_can_be_set_deletes_nothing_young(file):
    (most_days,) = (
        each.le
        for each in Settings.model_fields["spool_damaged_days"].metadata
        if hasattr(each, "le")
    )
    young = new_click_id(NOW_MS, bytes(10))
    file.write([(young, b"XADD")])
    file.set_aside([young], "for the test")
    assert file.forget_damaged(NOW_MS - most_days * DAY_MS) == 0


def test_databases_that_were_set_aside_go_with_all_their_files(file):
    file.write([(bytes(16), b"XADD")])
    old, young = (f"{NAME}.damaged-{(NOW_MS - days * DAY_MS) * 1_000_000}" for days in (31, 29))
    for name in (old, f"{old}-wal", f"{old}-shm", young, f"{NAME}.damaged-by-hand"):
        (file.directory / name).touch()
    assert file.forget_damaged(NOW_MS - 30 * DAY_MS) == 3
    left = {path.name for path in file.directory.glob(f"{NAME}.damaged*")}
    assert left == {young, f"{NAME}.damaged-by-hand"}
    assert file.count() == 1


def test_where_there_is_no_spool_none_is_made(file):
    assert file.forget_damaged(NOW_MS) == 0
    assert not file.directory.exists()


def test_it_is_done_while_the_service_runs(file):
    old = file.directory / f"{NAME}.damaged-1"
    file.write([(bytes(16), b"XADD")])
    metrics = RedirectMetrics(CollectorRegistry())
    leftovers = SpoolLeftovers(
        SpoolFile(file.directory, 1 << 24), 30, metrics, lambda: NOW_MS / 1000, pause_seconds=0.01
    )
    leftovers.start()
    old.touch()
    with gevent.Timeout(10):
        while old.exists():
            gevent.sleep(0.01)
    leftovers.close()
