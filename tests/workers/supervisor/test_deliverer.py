"""The keeper of the process that tells webhooks, over processes of a test's making."""

from typing import Any

import pytest

from app.config.settings import Settings
from tests.support.redirect.fakes import FakeClock
from workers.supervisor.deliverer import DelivererKeeper


class FakeProcess:
    def __init__(self, settings: Settings, clock: FakeClock) -> None:
        self.settings = settings
        self.spawned_at = clock.now
        self.pid = self.sentinel = id(self)
        self.exit_code: int | None = None
        self.hangs = False
        self.done: list[str] = []

    def is_hung(self) -> bool:
        return self.hangs

    def drain(self) -> None:
        self.done.append("drain")

    def kill(self) -> None:
        self.done.append("kill")
        self.exit_code = -9

    def close(self) -> None:
        self.done.append("close")


class World:
    def __init__(self, settings: Settings) -> None:
        self.clock = FakeClock(100.0)
        self.spawned: list[FakeProcess] = []
        self.keeper = DelivererKeeper(settings, self.clock, self._spawn)  # type: ignore[arg-type]

    def _spawn(self, settings: Settings) -> FakeProcess:
        self.spawned.append(FakeProcess(settings, self.clock))
        return self.spawned[-1]

    def tend(self, seconds: float = 0.0, *, is_wanted: bool = True) -> int:
        """Look once; return how many were spawned by then."""
        self.clock.now += seconds
        self.keeper.tend(is_wanted=is_wanted)
        return len(self.spawned)


@pytest.fixture
def world(make_settings: Any) -> World:
    return World(make_settings())


def test_a_process_comes_with_the_first_webhook(world: World) -> None:
    assert world.tend(is_wanted=False) == 0
    assert world.keeper.sentinels == []
    assert world.tend() == 1
    assert world.keeper.sentinels == [world.spawned[0].sentinel]
    assert world.tend(100) == 1


def test_one_that_dies_is_replaced_ever_later(world: World) -> None:
    world.tend()
    waits = []
    for count in range(1, 8):
        world.spawned[-1].exit_code = 1
        waited = 0.0
        while world.tend(0.05) == count:
            waited += 0.05
        waits.append(waited)
        assert world.spawned[count - 1].done == ["close"]
    assert waits[-1] > 4 * waits[0]
    world.spawned[-1].exit_code = 1
    assert world.tend(0.0) == 8
    world.clock.now += 60
    assert world.tend() == 9


def test_one_that_hangs_is_killed(world: World) -> None:
    world.tend()
    world.spawned[0].hangs = True
    world.tend()
    assert world.spawned[0].done == ["kill"]
    assert world.tend(60) >= 1
    assert world.tend(60) == 2


def test_other_settings_mean_another_process(world: World, make_settings: Any) -> None:
    world.tend()
    other = make_settings(webhook_timeout_seconds=3.0)
    world.keeper.adopt(other)
    assert world.spawned[0].done == ["drain"]
    assert world.tend() == 1
    world.spawned[0].exit_code = 0
    world.tend()
    assert world.tend(1) == 2
    assert world.spawned[1].settings is other


def test_at_the_end_it_drains_and_what_is_left_is_killed(world: World) -> None:
    world.keeper.drain()
    world.keeper.kill()
    world.tend()
    world.keeper.drain()
    world.keeper.reap()
    assert world.keeper.sentinels
    world.keeper.kill()
    assert world.spawned[0].done == ["drain", "kill", "close"]
    assert world.keeper.sentinels == []
