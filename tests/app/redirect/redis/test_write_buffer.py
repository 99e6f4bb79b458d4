import socket
from collections.abc import Iterator

import gevent
import pytest

from app.redirect.redis.write_buffer import _COMPANY, WriteBuffer
from tests.support.redirect.waiting import wait_until

#: Longer than the tests take, for what must not end by itself.
FOREVER_SECONDS = 60
LONG_SECONDS = 1.5


class World:
    """Both ends of a connection, and what stands in for the commands in flight."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.theirs.setblocking(False)
        self.is_answered = True
        self.left = 0
        self.left_count = 0
        self.told: list[bytes] = []
        self.failures: list[str] = []
        self.buffer = WriteBuffer(gevent.get_hub().loop, self, self.failures.append)
        self.buffer.open(self.ours)

    def is_all_answered(self) -> bool:
        return self.is_answered

    def note(self, commands: bytes, count: int) -> None:
        self.left += 1
        self.left_count += count
        self.told.append(commands)
        self.is_answered = False

    def answer(self) -> None:
        self.is_answered = True
        self.buffer.note_answers()

    def add(self, *commands: bytes) -> None:
        for command in commands:
            self.buffer.commands.append(command)
            if not self.buffer.is_due:
                self.buffer.flush_soon()

    def add_in_a_tick(self, *commands: bytes) -> None:
        self.add(*commands)
        gevent.sleep(0)

    def arrived(self) -> bytes:
        try:
            return self.theirs.recv(1 << 20)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        self.buffer.close()
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch, world: World) -> World:
    """A world whose moments are longer than a busy machine stands still."""
    monkeypatch.setattr("app.redirect.redis.write_buffer._MOMENT_SECONDS", LONG_SECONDS)
    return world


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, world: World) -> World:
    """A world in which nothing leaves because of the time."""
    monkeypatch.setattr("app.redirect.redis.write_buffer._MOMENT_SECONDS", FOREVER_SECONDS)
    return world


def test_what_finds_nothing_unanswered_leaves_at_the_end_of_its_tick(patient):
    patient.add(b"a", b"b")
    assert patient.arrived() == b""
    gevent.sleep(0)
    assert patient.arrived() == b"ab"
    assert patient.left == 1


def test_what_is_added_meanwhile_waits_for_the_answer(patient):
    patient.add_in_a_tick(b"a")
    patient.add_in_a_tick(b"b")
    patient.add_in_a_tick(b"c")
    assert patient.arrived() == b"a"
    patient.answer()
    gevent.sleep(0)
    assert patient.arrived() == b"bc"
    assert patient.left == 2


def test_an_answer_to_a_part_of_what_left_lets_nothing_go(patient):
    patient.add_in_a_tick(b"a")
    patient.add_in_a_tick(b"b")
    patient.buffer.note_answers()
    gevent.sleep(0)
    assert patient.arrived() == b"a"


def test_enough_of_them_leave_without_an_answer(patient):
    patient.add_in_a_tick(b"a")
    patient.add_in_a_tick(*[b"b"] * (_COMPANY - 1))
    assert patient.arrived() == b"a"
    patient.add_in_a_tick(b"c")
    assert patient.arrived() == b"b" * (_COMPANY - 1) + b"c"


def test_a_wait_whose_commands_left_in_company_ends_without_a_write(unhurried):
    unhurried.add_in_a_tick(b"a")
    unhurried.add_in_a_tick(b"b")
    unhurried.add_in_a_tick(*[b"c"] * _COMPANY)
    gevent.sleep(LONG_SECONDS + 0.1)
    assert unhurried.told == [b"a", b"b" + b"c" * _COMPANY]
    assert unhurried.left_count == 2 + _COMPANY


def test_none_waits_longer_than_a_moment(world):
    world.add_in_a_tick(b"a")
    world.add_in_a_tick(b"b")
    wait_until(lambda: world.left == 2)
    assert world.told == [b"a", b"b"]


def test_each_wait_has_a_moment_of_its_own(world):
    for number, command in enumerate((b"a", b"b", b"c", b"d"), start=1):
        world.add_in_a_tick(command)
        wait_until(lambda number=number: world.left == number)
    assert world.arrived() == b"abcd"


def test_what_the_socket_has_no_room_for_leaves_when_it_has_room(patient):
    large = b"x" * (4 << 20)
    patient.add_in_a_tick(large)
    patient.answer()
    patient.add_in_a_tick(b"y")
    arrived = b""
    while len(arrived) <= len(large):
        arrived += patient.arrived()
        gevent.sleep(0)
    assert arrived == large + b"y"
    assert patient.told == [large, b"y"]


def test_after_the_end_nothing_leaves(unhurried):
    unhurried.add_in_a_tick(b"a")
    unhurried.add_in_a_tick(b"b")
    unhurried.add(b"c")
    unhurried.buffer.close()
    gevent.sleep(LONG_SECONDS + 0.1)
    assert unhurried.arrived() == b"a"
    assert unhurried.buffer.commands == []


def test_it_can_be_opened_again(world):
    world.buffer.close()
    world.buffer.open(world.ours)
    world.add_in_a_tick(b"a")
    assert world.arrived() == b"a"


def test_a_broken_socket_is_told(patient):
    patient.theirs.close()
    patient.add_in_a_tick(b"a")
    assert patient.failures == ["sending failed: [Errno 32] Broken pipe"]
