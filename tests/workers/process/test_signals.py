import os
import signal
import time

import pytest

from workers.process.signals import Signals, Stop


@pytest.fixture
def signals():
    with Signals(signal.SIGUSR1) as queue:
        yield queue


def send(times: int = 1) -> None:
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGUSR1)


def test_signals_are_queued_in_order(signals):
    assert signals.take() == []
    send(2)
    assert signals.take() == [signal.SIGUSR1, signal.SIGUSR1]
    assert signals.take() == []


def test_a_wait_ends_when_a_signal_comes(signals):
    send()
    started = time.monotonic()
    signals.wait(60)
    assert time.monotonic() - started < 30
    assert signals.take() == [signal.SIGUSR1]


def test_a_stop_has_a_deadline_from_the_moment_that_it_is_asked(signals):
    now = [100.0]
    stop = Stop(signals, 8.0, lambda: now[0])
    assert not stop.is_asked()
    assert not stop.is_overdue()
    send()
    assert stop.is_asked()
    assert not stop.is_overdue()
    now[0] = 108.0
    assert stop.is_overdue()


def test_a_stop_does_not_wait_for_what_its_deadline_comes_before(signals):
    stop = Stop(signals, 50.0, lambda: 100.0)
    send(2)
    assert stop.is_asked()
    started = time.monotonic()
    stop.wait(60)
    assert time.monotonic() - started < 30
    assert stop.is_overdue()


def test_a_long_wait_is_taken_in_parts(signals):
    stop = Stop(signals, 50.0, lambda: 100.0)
    started = time.monotonic()
    stop.wait(40, 0.1)
    send()
    assert stop.is_asked()
    stop.wait(40, 0.1)
    assert time.monotonic() - started < 30
    assert not stop.is_overdue()
    stop.wait(60, 0.1)
    assert stop.is_overdue()


def test_a_second_signal_does_not_cut_the_waits_of_a_stop(signals):
    stop = Stop(signals, 60.0, time.monotonic)
    send()
    assert stop.is_asked()
    send()
    started = time.monotonic()
    stop.wait(0.2)
    assert time.monotonic() - started >= 0.2
