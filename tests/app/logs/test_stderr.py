import contextlib
import logging
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logs.stderr import UnblockedHandler
from tests.support.redirect_servers import RedirectServer


@contextlib.contextmanager
def logger_to(descriptor: int) -> Iterator[logging.Logger]:
    logger = logging.Logger("test")
    logger.addHandler(UnblockedHandler(descriptor))
    yield logger
    logger.handlers[0].close()


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_reader_who_stops_reading_holds_nobody_up_and_is_told_of_what_was_dropped(kind):
    if kind == "pipe":
        read_end, write_end = os.pipe()
    else:
        read_end, write_end = (end.detach() for end in socket.socketpair())
    with logger_to(write_end) as logger:
        for number in range(20_000):
            logger.warning("line %d of some length, so that they soon fill it", number)
        assert os.get_blocking(write_end), "others who write there find it as it was"
        os.set_blocking(read_end, False)
        before = _read_all(read_end).split(b"\n")
        logger.warning("afterwards")
    after = before.pop() + _read_all(read_end)
    whole = [*before, *after.splitlines()]
    kept = [line for line in whole if line.startswith(b"line ")]
    assert [int(line.split()[1]) for line in kept] == list(range(len(kept)))
    assert all(line.endswith(b"fill it") for line in kept)
    dropped = 20_000 - len(kept)
    assert whole[-2:] == [
        b"%d log lines were dropped, since nobody read them" % dropped,
        b"afterwards",
    ]
    os.close(read_end)
    os.close(write_end)


def _read_all(descriptor: int) -> bytes:
    found = b""
    try:
        while received := os.read(descriptor, 65536):
            found += received
    except BlockingIOError:
        pass
    return found


def test_a_closed_pipe_stops_nobody():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with logger_to(write_end) as logger:
        logger.warning("nobody hears this")
    os.close(write_end)


def test_a_file_gets_every_line(tmp_path):
    with (tmp_path / "log").open("wb") as file, logger_to(file.fileno()) as logger:
        for number in range(1000):
            logger.warning("%d", number)
    assert (tmp_path / "log").read_text().splitlines() == [str(number) for number in range(1000)]


def test_a_redirect_whose_log_nobody_reads_goes_on_answering(tmp_path: Path, redis_url: str):
    made = RedirectServer(tmp_path, redis_url, log_level="DEBUG")
    program = made._child.program
    with subprocess.Popen(
        program.argv, env=program.environ, cwd=tmp_path, stderr=subprocess.PIPE
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while not program.is_ready():
                assert time.monotonic() < deadline
                time.sleep(0.1)
            fill(process.stderr.fileno())
            odd = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: odd\r\n\r\n"
            for _ in range(20):
                assert made.exchange(odd)
            assert program.is_ready()
        finally:
            process.terminate()
            process.stderr.close()


def fill(read_end: int) -> None:
    """Fill a pipe that somebody else writes to, of which only the end to read from is ours."""
    write_end = os.open(f"/proc/self/fd/{read_end}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        pass
    finally:
        os.close(write_end)
