import signal

import pytest

from app.local.stack import StopRequests


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_requests_are_counted_and_do_nothing_else(number):
    with StopRequests() as stop:
        assert stop.count == 0
        for expected in (1, 2):
            signal.raise_signal(number)
            assert stop.count == expected


def test_signals_mean_afterwards_what_they_meant_before():
    before = signal.getsignal(signal.SIGTERM)
    with StopRequests():
        pass
    assert signal.getsignal(signal.SIGTERM) is before
