import logging

from app.redirect.quiet_log import QuietLog
from tests.app.redirect.fakes import FakeClock


def test_a_flood_of_one_kind_is_one_line_and_then_its_number(caplog):
    clock = FakeClock()
    quiet = QuietLog(logging.getLogger("flood"), interval_seconds=5, clock=clock)
    for _ in range(4):
        quiet.warning("slow", "Redis is %s", "slow")
    quiet.warning("away", "Redis is away")
    clock.now += 6
    quiet.warning("slow", "Redis is %s", "slow")
    assert caplog.messages == [
        "Redis is slow",
        "Redis is away",
        "Redis is slow (and 3 times before)",
    ]
