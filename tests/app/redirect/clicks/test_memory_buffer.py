import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.clicks.memory_buffer import MemoryBuffer
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
    buffer = MemoryBuffer(lambda command, _done: recorded.append(command), metrics)
    assert buffer.keep(rows(1, 2), FULL) == 2
    assert buffer.keep(rows(3), FULL) == 1
    buffer.start()
    wait_until(lambda: len(buffer) == 0)
    assert recorded == [b"XADD 1", b"XADD 2", b"XADD 3"]
    assert buffer.close() == []


def test_what_fails_again_is_kept_again(metrics, registry):
    (row,) = rows(1)
    failed = []
    buffer = MemoryBuffer(lambda *_: failed.append(buffer.keep([row], FULL)), metrics)
    buffer.keep([row], FULL)
    buffer.start()
    wait_until(lambda: len(failed) > 1)
    assert len(buffer) == 1
    assert registry.get_sample_value("hopline_clicks_held") == 1
    assert buffer.close() == [row]
    assert registry.get_sample_value("hopline_clicks_held") == 0


def test_when_memory_is_full_the_oldest_stay(metrics):
    buffer = MemoryBuffer(lambda *_: None, metrics, limit=2)
    assert buffer.keep(rows(1, 2, 3), FULL) == 2
    assert buffer.keep(rows(4), FULL) == 0
    assert buffer.close() == rows(1, 2)


def test_memory_is_bounded_in_bytes_as_well(metrics):
    failed = []
    buffer = MemoryBuffer(
        lambda *_: failed.append(buffer.keep(rows(9), FULL)), metrics, limit_bytes=21
    )
    assert buffer.keep(rows(1, 2, 3, 4), FULL) == 4
    assert buffer.keep(rows(5), FULL) == 0
    buffer.start()
    wait_until(lambda: len(failed) >= 4)
    assert len(buffer) == 4
    assert buffer.keep(rows(5), FULL) == 0
    assert buffer.close() == rows(9, 9, 9, 9)


def test_nothing_is_kept_once_it_is_closed(metrics):
    buffer = MemoryBuffer(lambda *_: None, metrics)
    buffer.close()
    assert buffer.keep(rows(1), FULL) == 0


def test_a_click_whose_record_fails_is_kept_and_stands_in_nobodys_way(metrics, registry):
    recorded = []

    def record(command, _done):
        if command == b"XADD 1":
            raise ZeroDivisionError
        recorded.append(command)

    buffer = MemoryBuffer(record, metrics)
    buffer.keep(rows(1, 2, 3), FULL)
    buffer.start()
    wait_until(lambda: len(recorded) == 2)
    assert recorded == [b"XADD 2", b"XADD 3"]
    assert registry.get_sample_value("hopline_clicks_held") == 1
    assert buffer.close() == rows(1)
