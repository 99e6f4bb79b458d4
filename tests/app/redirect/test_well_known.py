import json

import pytest

from app.redirect.well_known import Readiness
from tests.support.redirect.link_world import World


def readiness(redis_fault, hears_changes, links, spool_fault):
    return Readiness(redis_fault, hears_changes, links, spool_fault, instance="0123456789ab")


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (readiness("", True, 0, ""), 200),
        (readiness("", True, 0, "full"), 200),
        (readiness("away", False, 9, ""), 200),
        (readiness("away", False, 0, ""), 503),
        (readiness("away", False, 9, "full"), 503),
    ],
    ids=["well", "no disk", "known links and disk", "no links", "neither Redis nor disk"],
)
def test_a_worker_is_ready_while_it_can_redirect_and_keep_clicks(world, state, status):
    world.readiness = state
    result = world.get("/-/ready")
    assert result.status_code == status
    assert json.loads(result.text)["ready"] is (status == 200)
    assert json.loads(result.text)["redis"] == (state.redis_fault or "well")
    assert json.loads(result.text)["spool"] == (state.spool_fault or "well")
    assert result.headers["hopline-instance"] == state.instance
