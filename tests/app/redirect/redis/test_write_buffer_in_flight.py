from hypothesis import given
from hypothesis import strategies as st

from app.redirect.redis.write_buffer import InFlight
from tests.support.redirect.fakes import FakeClock


class World:
    """Commands in flight, and what was told of those that were answered."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.answered: list[bytes] = []
        self.limits = 0
        self.in_flight = InFlight(self.clock, self.note_answered, 3, self.note_limit)

    def note_answered(self, commands: bytes, _count: int) -> None:
        self.answered.append(commands)

    def note_limit(self) -> None:
        self.limits += 1

    def write(self, *commands: bytes) -> None:
        self.in_flight.note(b"".join(commands), len(commands))

    def tick(self, answered: int) -> float:
        """Go through one tick of the event loop that received all there was."""
        self.in_flight.note_poll()
        self.in_flight.answered = answered
        self.in_flight.assess()
        return self.in_flight.oldest_seconds


def test_a_command_ages_until_its_reply_comes():
    world = World()
    world.write(b"a", b"b")
    world.clock.now += 1
    assert world.tick(answered=1) == 1
    assert world.tick(answered=2) == 0


def test_the_oldest_command_counts():
    world = World()
    world.write(b"a")
    world.clock.now += 3
    world.write(b"b")
    world.clock.now += 1
    assert world.tick(answered=0) == 4
    assert world.tick(answered=1) == 1


def test_a_tick_that_takes_long_ages_no_command():
    world = World()
    world.write(b"a")
    world.in_flight.note_poll()
    world.clock.now += 5
    world.in_flight.assess()
    assert world.in_flight.oldest_seconds == 0


def test_with_its_connection_every_age_ends():
    world = World()
    world.write(b"a")
    world.clock.now += 5
    assert world.tick(answered=0) == 5
    world.in_flight.reset()
    assert world.in_flight.oldest_seconds == world.in_flight.waiting_bytes == 0
    assert world.tick(answered=0) == 0


def test_it_tells_whether_all_is_answered():
    world = World()
    assert world.in_flight.is_all_answered()
    world.write(b"a", b"b")
    world.write(b"c")
    for answered, is_all in ((1, False), (2, False), (3, True)):
        world.in_flight.answered = answered
        assert world.in_flight.is_all_answered() is is_all


def test_after_a_connection_ended_only_what_is_written_to_the_next_waits():
    world = World()
    world.write(b"a", b"b")
    world.tick(answered=1)
    world.in_flight.reset()
    assert world.in_flight.is_all_answered()
    world.write(b"c")
    assert not world.in_flight.is_all_answered()
    world.tick(answered=2)
    assert world.in_flight.is_all_answered()
    assert world.answered == [b"ab", b"c"]


def test_each_write_from_the_limit_in_bytes_on_is_told():
    world = World()
    world.write(b"a", b"b")
    assert world.limits == 0
    world.write(b"c")
    assert world.limits == 1
    world.tick(answered=2)
    world.write(b"d")
    assert world.limits == 1


def test_a_write_is_told_of_once_all_its_replies_are_there():
    world = World()
    world.write(b"a", b"b")
    world.write(b"c")
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
        world.write(*commands)
    for answered in sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=3))):
        world.tick(answered)
    answered = data.draw(st.integers(0, len(written)))
    world.in_flight.answered = answered
    world.in_flight.reset()
    told = b"".join(world.answered)
    assert told.startswith(b"".join(written[:answered]))
    assert b"".join(written).startswith(told)
