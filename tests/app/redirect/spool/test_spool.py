import threading

import gevent
import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.spool.file import SpoolError, SpoolFile
from app.redirect.spool.spool import Spool
from tests.support.redirect.fakes import keep_none


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry) -> RedirectMetrics:
    return RedirectMetrics(registry)


class SlowFile:
    """A disk that stands still until it is let go."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.batches: list[int] = []
        self.error: SpoolError | None = None

    def write(self, rows, forgotten) -> None:
        self.gate.wait(5)
        self.batches.append(len(rows))
        if self.error:
            raise self.error

    def close(self) -> None:
        pass


def click_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_the_visitor_goes_on_once_the_click_is_on_disk(tmp_path, metrics, registry):
    file = SpoolFile(tmp_path, 1 << 30)
    spool = Spool(file, metrics, keep_none)
    counts_when_done: list[int] = []
    for number in range(3):
        spool.append(click_id(number), b"x", lambda: counts_when_done.append(file.count()))
    gevent.sleep(0.2)
    assert counts_when_done == [3, 3, 3]
    assert registry.get_sample_value("hopline_clicks_total", {"outcome": "spooled"}) == 3
    spool.close(5)


def test_clicks_gather_while_the_disk_is_busy_and_share_one_commit(metrics):
    file = SlowFile()
    spool = Spool(file, metrics, keep_none)
    spool.append(click_id(0), b"x", lambda: None)
    gevent.sleep(0.01)
    for number in range(1, 50):
        spool.append(click_id(number), b"x", lambda: None)
    file.gate.set()
    spool.close(5)
    assert file.batches == [1, 49]


def test_what_gathers_while_the_disk_stands_still_is_bounded_in_bytes_too(metrics, registry):
    file = SlowFile()
    spool = Spool(file, metrics, keep_none)
    spool.append(click_id(0), b"x", lambda: None)
    gevent.sleep(0.01)
    done: list[int] = []
    large = bytes(1 << 20)
    for number in range(1, 50):
        spool.append(click_id(number), large, lambda number=number: done.append(number))
    names = ("hopline_spool_refusals_total", {"reason": "gathered"})
    assert registry.get_sample_value(*names) == 17
    assert done == list(range(33, 50))
    file.gate.set()
    spool.close(5)
    assert file.batches == [1, 32]


def test_nobody_waits_longer_than_the_budget_for_a_slow_disk(metrics, registry):
    file = SlowFile()
    spool = Spool(file, metrics, keep_none)
    done: list[bool] = []
    spool.append(click_id(1), b"x", lambda: done.append(True))
    gevent.sleep(0.1)
    assert done == [True]
    assert registry.get_sample_value("hopline_spool_waits_cut_total") == 1
    file.gate.set()
    spool.close(5)
    assert done == [True]
    assert file.batches == [1]


def test_a_refused_click_is_counted_and_said(metrics, registry, caplog):
    file = SlowFile()
    file.gate.set()
    file.error = SpoolError("full", "database or disk is full")
    spool = Spool(file, metrics, keep_none)
    done: list[bool] = []
    spool.append(click_id(1), b"x", lambda: done.append(True))
    spool.append_all([(click_id(2), b"x")])
    spool.close(5)
    assert done == [True]
    assert registry.get_sample_value("hopline_clicks_total", {"outcome": "refused"}) == 2
    assert registry.get_sample_value("hopline_spool_refusals_total", {"reason": "full"}) == 2
    assert "2 click(s) LOST, spool full: database or disk is full" in caplog.text
    assert spool.fault == "database or disk is full"


def test_a_click_confirmed_after_all_leaves_the_spool(tmp_path, metrics):
    file = SpoolFile(tmp_path, 1 << 30)
    spool = Spool(file, metrics, keep_none)
    spool.append(click_id(1), b"x", lambda: None)
    spool.forget(click_id(1))
    spool.append(click_id(2), b"x", lambda: None)
    gevent.sleep(0.1)
    spool.forget(click_id(2))
    gevent.sleep(0.1)
    assert file.count() == 0
    spool.close(5)


def test_a_stop_waits_for_the_disk(tmp_path, metrics):
    spool = Spool(SpoolFile(tmp_path, 1 << 30), metrics, keep_none)
    for number in range(1000):
        spool.append(click_id(number), b"x", lambda: None)
    spool.close(5)
    file = SpoolFile(tmp_path, 1 << 30)
    assert file.count() == 1000
    file.close()


def test_a_stop_does_not_wait_for_ever(metrics, registry, caplog):
    file = SlowFile()
    spool = Spool(file, metrics, keep_none)
    spool.append(click_id(0), b"x", lambda: None)
    gevent.sleep(0.01)
    spool.append(click_id(1), b"x", lambda: None)
    gevent.spawn_later(0.1, file.gate.set)
    spool.close(0.05)
    assert registry.get_sample_value("hopline_spool_refusals_total", {"reason": "stopped"}) == 1
