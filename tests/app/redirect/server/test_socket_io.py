import socket
import threading
from collections.abc import Iterator

import pytest

from app.redirect.server.socket_io import MOST_BYTES, receive, transmit


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_what_has_come_is_received(pair):
    ours, theirs = pair
    theirs.sendall(b"a\0b")
    assert receive(ours.fileno()) == b"a\0b"


def test_without_anything_there_is_none_and_no_wait_though_the_socket_blocks(pair):
    ours, _ = pair
    assert ours.getblocking()
    assert receive(ours.fileno()) is None


def test_after_the_last_byte_there_is_nothing(pair):
    ours, theirs = pair
    theirs.sendall(b"a")
    theirs.close()
    assert receive(ours.fileno()) == b"a"
    assert receive(ours.fileno()) == b""


def test_more_than_fits_comes_in_parts(pair):
    ours, theirs = pair
    theirs.sendall(b"x" * (MOST_BYTES + 1))
    assert receive(ours.fileno()) == b"x" * MOST_BYTES
    assert receive(ours.fileno()) == b"x"


@pytest.mark.parametrize("data", [b"abc", memoryview(b"xabc")[1:]], ids=["bytes", "view"])
def test_what_is_transmitted_arrives(pair, data):
    ours, theirs = pair
    assert transmit(ours.fileno(), data) == 3
    assert theirs.recv(10) == b"abc"


def test_what_there_is_no_room_for_is_not_waited_with(pair):
    ours, theirs = pair
    sent = 0
    while taken := transmit(ours.fileno(), b"x" * MOST_BYTES):
        sent += taken
    reader = threading.Thread(target=theirs.recv, args=(sent, socket.MSG_WAITALL))
    reader.start()
    reader.join(60)
    assert transmit(ours.fileno(), b"y") == 1
    assert theirs.recv(10) == b"y"


@pytest.mark.parametrize("attempt", [receive, lambda fd: transmit(fd, b"x")])
def test_no_socket_is_an_error_that_says_so(attempt, tmp_path):
    with (tmp_path / "file").open("wb") as file, pytest.raises(OSError, match="non-socket"):
        attempt(file.fileno())


def test_who_has_gone_is_an_error_and_no_signal(pair):
    ours, theirs = pair
    theirs.close()
    with pytest.raises(BrokenPipeError):
        transmit(ours.fileno(), b"x")


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: receive("a"),
        lambda: receive(2**40),
        lambda: transmit(1),
        lambda: transmit(1, 2),
        lambda: transmit("a", b""),
    ],
)
def test_what_is_no_descriptor_and_bytes_is_refused(attempt):
    with pytest.raises((TypeError, OverflowError)):
        attempt()
