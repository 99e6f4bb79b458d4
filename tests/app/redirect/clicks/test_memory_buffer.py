import gevent
import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.memory_buffer import Holdover
from app.redirect.spool.file import SpoolError
from tests.support.redirect.waiting import wait_until

FULL = SpoolError("full", "the disk is full")


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def metrics(registry):
    return RedirectMetrics(registry)


def rows(*numbers):
    return [(bytes(15) + b"%d" % number, b"XADD %d" % number) for number in numbers]


def test_what_is_kept_is_recorded_again_in_order(metrics):
    recorded = []
    holdover = Holdover(lambda command, _done: recorded.append(command), metrics)
    assert holdover.keep(rows(1, 2), FULL) == 2
    assert holdover.keep(rows(3), FULL) == 1
    holdover.start()
    gevent.sleep(0.4)
    assert recorded == [b"XADD 1", b"XADD 2", b"XADD 3"]
    assert len(holdover) == 0
    assert holdover.close() == []


def test_what_fails_again_is_kept_again(metrics, registry):
    (row,) = rows(1)
    holdover = Holdover(lambda *_: holdover.keep([row], FULL), metrics)
    holdover.keep([row], FULL)
    holdover.start()
    gevent.sleep(0.6)
    assert len(holdover) == 1
    assert registry.get_sample_value("hopline_clicks_held") == 1
    assert holdover.close() == [row]
    assert registry.get_sample_value("hopline_clicks_held") == 0


def test_when_memory_is_full_the_oldest_stay(metrics):
    holdover = Holdover(lambda *_: None, metrics, limit=2)
    assert holdover.keep(rows(1, 2, 3), FULL) == 2
    assert holdover.keep(rows(4), FULL) == 0
    assert holdover.close() == rows(1, 2)


def test_memory_is_bounded_in_bytes_as_well(metrics):
    holdover = Holdover(lambda *_: holdover.keep(rows(9), FULL), metrics, limit_bytes=21)
    assert holdover.keep(rows(1, 2, 3, 4), FULL) == 4
    assert holdover.keep(rows(5), FULL) == 0
    holdover.start()
    gevent.sleep(0.6)
    assert len(holdover) == 4
    assert holdover.keep(rows(5), FULL) == 0
    assert holdover.close() == rows(9, 9, 9, 9)


def test_nothing_is_kept_once_it_is_closed(metrics):
    holdover = Holdover(lambda *_: None, metrics)
    holdover.close()
    assert holdover.keep(rows(1), FULL) == 0


def test_a_click_whose_record_fails_is_kept_and_stands_in_nobodys_way(metrics, registry):
    recorded = []

    def record(command, _done):
        if command == b"XADD 1":
            raise ZeroDivisionError
        recorded.append(command)

    holdover = Holdover(record, metrics)
    holdover.keep(rows(1, 2, 3), FULL)
    holdover.start()
    wait_until(lambda: len(recorded) == 2)
    assert recorded == [b"XADD 2", b"XADD 3"]
    assert registry.get_sample_value("hopline_clicks_held") == 1
    assert holdover.close() == rows(1)
