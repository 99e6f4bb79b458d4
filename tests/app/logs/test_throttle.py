import logging

import pytest

from app.logs.throttle import OutageLog, ThrottledLog
from tests.support.redirect.fakes import FakeClock


def test_a_flood_of_one_kind_is_one_line_and_then_its_number(caplog):
    clock = FakeClock()
    throttled = ThrottledLog(logging.getLogger("flood"), interval_seconds=5, clock=clock)
    for _ in range(4):
        throttled.warning("slow", "Redis is %s", "slow")
    throttled.warning("away", "Redis is away")
    clock.now += 6
    throttled.warning("slow", "Redis is %s", "slow")
    try:
        raise ValueError("odd")
    except ValueError:
        throttled.exception("odd", "%s failed", "it", request_id="abc")
    assert caplog.records[-1].levelname == "ERROR"
    assert caplog.records[-1].request_id == "abc"
    assert "ValueError: odd" in caplog.text
    assert caplog.messages[:-1] == [
        "Redis is slow",
        "Redis is away",
        "Redis is slow (and 3 times before)",
    ]


def test_an_outage_is_told_of_once_and_again_after_it_was_over(caplog):
    outage = OutageLog(logging.getLogger("test"), "away: %s", ConnectionError)
    for fails in (True, True, False, True):
        with outage.attempt():
            if fails:
                raise ConnectionError("nobody")
    assert [record.getMessage() for record in caplog.records] == ["away: nobody"] * 2


def test_what_is_no_outage_goes_through():
    outage = OutageLog(logging.getLogger("test"), "away: %s", ConnectionError)
    with pytest.raises(ValueError, match="ours"), outage.attempt():
        raise ValueError("ours")
