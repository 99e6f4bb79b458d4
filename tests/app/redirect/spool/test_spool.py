import threading

import gevent
import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.spool import spool as spool_module
from app.redirect.spool.file import SpoolError, SpoolFile
from app.redirect.spool.spool import Spool
from tests.support.redirect.fakes import keep_none
from tests.support.redirect.waiting import wait_until


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry) -> RedirectMetrics:
    return RedirectMetrics(registry)


class SlowFile:
    """A disk that stands still until it is let go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.gate = threading.Event()
        self.batches: list[int] = []
        self.error: SpoolError | None = None

    def write(self, rows, forgotten) -> None:
        self.reached.set()
        self.gate.wait(60)
        self.batches.append(len(rows))
        if self.error:
            raise self.error

    def close(self) -> None:
        pass


def click_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_the_visitor_goes_on_once_the_click_is_on_disk(tmp_path, metrics, registry, monkeypatch):
    monkeypatch.setattr(spool_module, "_BUDGET_SECONDS", 60)
    file = SpoolFile(tmp_path, 1 << 30)
    spool = Spool(file, metrics, keep_none)
    counts_when_done: list[int] = []
    for number in range(3):
        spool.append(click_id(number), b"x", lambda: counts_when_done.append(file.count()))
    wait_until(lambda: len(counts_when_done) == 3)
    assert counts_when_done == [3, 3, 3]
    assert registry.get_sample_value("hopline_clicks_total", {"outcome": "spooled"}) == 3
    spool.close(60)


def test_clicks_gather_while_the_disk_is_busy_and_share_one_commit(metrics):
    file = SlowFile()
    spool = Spool(file, metrics, keep_none)
    spool.append(click_id(0), b"x", lambda: None)
    wait_until(file.reached.is_set)
    for number in range(1, 50):
        spool.append(click_id(number), b"x", lambda: None)
    file.gate.set()
    spool.close(60)
    assert file.batches == [1, 49]


def test_what_gathers_while_the_disk_stands_still_is_bounded_in_bytes_too(metrics, registry):
    file = SlowFile()
    spool = Spool(file, metrics, keep_none)
    spool.append(click_id(0), b"x", lambda: None)
    wait_until(file.reached.is_set)
    done: list[int] = []
    large = bytes(1 << 20)
    for number in range(1, 50):
        spool.append(click_id(number), large, lambda number=number: done.append(number))
    names = ("hopline_spool_refusals_total", {"reason": "gathered"})
    assert registry.get_sample_value(*names) == 17
    assert done == list(range(33, 50))
    file.gate.set()
    spool.close(60)
    assert file.batches == [1, 32]


def test_nobody_waits_longer_than_the_budget_for_a_slow_disk(metrics, registry):
    file = SlowFile()
    spool = Spool(file, metrics, keep_none)
    done: list[bool] = []
    spool.append(click_id(1), b"x", lambda: done.append(True))
    wait_until(lambda: done)
    assert done == [True]
    assert registry.get_sample_value("hopline_spool_waits_cut_total") == 1
    file.gate.set()
    spool.close(60)
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
    spool.close(60)
    assert done == [True]
    assert registry.get_sample_value("hopline_clicks_total", {"outcome": "refused"}) == 2
    assert registry.get_sample_value("hopline_spool_refusals_total", {"reason": "full"}) == 2
    assert "2 click(s) LOST, spool full: database or disk is full" in caplog.text
    assert spool.fault == "database or disk is full"


def test_a_click_confirmed_after_all_leaves_the_spool(tmp_path, metrics, registry):
    file = SpoolFile(tmp_path, 1 << 30)
    spool = Spool(file, metrics, keep_none)
    spool.append(click_id(1), b"x", lambda: None)
    spool.forget(click_id(1))
    spool.append(click_id(2), b"x", lambda: None)
    spooled = ("hopline_clicks_total", {"outcome": "spooled"})
    wait_until(lambda: registry.get_sample_value(*spooled) == 2)
    spool.forget(click_id(2))
    spool.close(60)
    file = SpoolFile(tmp_path, 1 << 30)
    assert file.count() == 0
    file.close()


def test_a_stop_waits_for_the_disk(tmp_path, metrics):
    spool = Spool(SpoolFile(tmp_path, 1 << 30), metrics, keep_none)
    for number in range(1000):
        spool.append(click_id(number), b"x", lambda: None)
    spool.close(60)
    file = SpoolFile(tmp_path, 1 << 30)
    assert file.count() == 1000
    file.close()


def test_a_stop_does_not_wait_for_ever(metrics, registry, caplog):
    file = SlowFile()
    spool = Spool(file, metrics, keep_none)
    spool.append(click_id(0), b"x", lambda: None)
    wait_until(file.reached.is_set)
    spool.append(click_id(1), b"x", lambda: None)
    stopped = ("hopline_spool_refusals_total", {"reason": "stopped"})

    def let_go_once_refused() -> None:
        wait_until(lambda: registry.get_sample_value(*stopped))
        file.gate.set()

    gevent.spawn(let_go_once_refused)
    spool.close(0.05)
    assert registry.get_sample_value(*stopped) == 1
