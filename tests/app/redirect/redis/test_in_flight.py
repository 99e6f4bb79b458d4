from hypothesis import given
from hypothesis import strategies as st

from app.redirect.redis.in_flight import InFlight
from tests.support.redirect.fakes import FakeClock


class World:
    """Commands in flight, and what was told of those that were answered."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.answered: list[bytes] = []
        self.in_flight = InFlight(
            self.clock, lambda commands, _count: self.answered.append(commands)
        )

    def write(self, last: int, *commands: bytes) -> None:
        self.in_flight.note(last, b"".join(commands), len(commands))

    def tick(self, answered: int) -> float:
        """Go through one tick of the event loop that received all there was."""
        self.in_flight.note_poll()
        self.in_flight.assess(answered)
        return self.in_flight.oldest_seconds


def test_a_command_ages_until_its_reply_comes():
    world = World()
    world.write(2, b"a", b"b")
    world.clock.now += 1
    assert world.tick(answered=1) == 1
    assert world.tick(answered=2) == 0


def test_the_oldest_command_counts():
    world = World()
    world.write(1, b"a")
    world.clock.now += 3
    world.write(2, b"b")
    world.clock.now += 1
    assert world.tick(answered=0) == 4
    assert world.tick(answered=1) == 1


def test_a_turn_that_takes_long_ages_no_command():
    world = World()
    world.write(1, b"a")
    world.in_flight.note_poll()
    world.clock.now += 5
    world.in_flight.assess(answered=0)
    assert world.in_flight.oldest_seconds == 0


def test_with_its_connection_every_age_ends():
    world = World()
    world.write(1, b"a")
    world.clock.now += 5
    assert world.tick(answered=0) == 5
    world.in_flight.reset(answered=0)
    assert world.in_flight.oldest_seconds == world.in_flight.waiting_bytes == 0
    assert world.tick(answered=0) == 0


def test_it_tells_whether_all_is_answered():
    world = World()
    assert world.in_flight.is_all_answered(0)
    world.write(2, b"a", b"b")
    world.write(3, b"c")
    assert [world.in_flight.is_all_answered(answered) for answered in (1, 2, 3)] == [
        False,
        False,
        True,
    ]


def test_a_flush_is_told_of_once_all_its_replies_are_there():
    world = World()
    world.write(2, b"a", b"b")
    world.write(3, b"c")
    world.tick(answered=1)
    assert world.answered == []
    world.tick(answered=2)
    assert world.answered == [b"ab"]
    assert world.in_flight.waiting_bytes == 1


@given(st.lists(st.integers(1, 4), max_size=8), st.data())
def test_no_command_that_was_answered_is_forgotten_when_the_connection_ends(sizes, data):
    world = World()
    written: list[bytes] = []
    for size in sizes:
        commands = [b"%04d" % (len(written) + number) for number in range(size)]
        written += commands
        world.write(len(written), *commands)
    for answered in sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=3))):
        world.tick(answered)
    answered = data.draw(st.integers(0, len(written)))
    world.in_flight.reset(answered)
    told = b"".join(world.answered)
    assert told.startswith(b"".join(written[:answered]))
    assert b"".join(written).startswith(told)
