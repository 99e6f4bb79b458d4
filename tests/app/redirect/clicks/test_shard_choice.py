import pytest

from app.redirect.clicks.shard_choice import ShardChoice
from tests.support.redirect.fakes import FakeClock

STREAMS = ["a", "b", "c"]


class World:
    def __init__(self, first: int = 0) -> None:
        self.clock = FakeClock()
        self.addressed: list[str] = []
        self.choice = ShardChoice(STREAMS, self.addressed.append, first, self.clock)

    def look(self, *has_room: bool) -> str:
        self.choice.look(has_room or (True, True, True))
        return self.addressed[-1]


@pytest.mark.parametrize(("first", "stream"), [(0, "a"), (2, "c"), (3, "a"), (1_000, "b")])
def test_it_begins_where_it_is_told(first: int, stream: str) -> None:
    assert World(first).addressed == [stream]


def test_every_ten_seconds_it_moves_on() -> None:
    world, seen = World(), []
    for _ in range(35):
        seen.append(world.look())
        world.clock.now += 1
    assert "".join(seen) == "a" * 10 + "b" * 10 + "c" * 10 + "a" * 5
    assert world.addressed == ["a", "b", "c", "a"]


def test_a_stream_without_room_is_left_at_once_and_passed_over() -> None:
    world = World()
    assert world.look(False, False, True) == "c"
    world.clock.now += 10
    assert world.look(False, True, True) == "b"


def test_the_turn_ends_when_it_would_have_after_one_was_left() -> None:
    world = World()
    world.clock.now += 9
    assert world.look(False, True, True) == "b"
    world.clock.now += 1
    assert world.look() == "c"


def test_where_nobody_has_room_it_stays() -> None:
    world = World(1)
    world.clock.now += 100
    assert world.look(False, False, False) == "b"
    assert world.addressed == ["b"]


def test_one_stream_stays_for_ever() -> None:
    addressed: list[str] = []
    clock = FakeClock()
    choice = ShardChoice(["a"], addressed.append, 77, clock)
    for has_room in (True, False, True):
        clock.now += 100
        choice.look([has_room])
    assert addressed == ["a"]
