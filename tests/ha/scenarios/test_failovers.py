import pytest

from tests.ha.scenarios.failovers import FAILOVERS

BY_NAME = {failover.name: failover for failover in FAILOVERS}


@pytest.mark.parametrize(
    ("name", "down_after_seconds", "fails_over"),
    [
        ("kill", 30, True),
        ("planned", 30, True),
        ("freeze", 1, True),
        ("freeze", 30, False),
        ("split-brain", 30, False),
        ("no-sentinels", 1, False),
    ],
)
def test_only_a_master_that_is_silent_for_long_enough_is_replaced(
    name, down_after_seconds, fails_over
):
    assert BY_NAME[name].fails_over(down_after_seconds) is fails_over
