import threading

import pytest

from app.backup.clicks import Written
from app.backup.writers import written_at_once


class FakeTable:
    """Writes chunks, the first of each table once both have one."""

    def __init__(self, barrier: threading.Barrier, fault: str = "") -> None:
        self._barrier = barrier
        self._fault = fault
        self.chunks: list[bytes] = []

    def write(self, _columns, chunks, _kept_since_ms):
        for chunk in chunks:
            if not self.chunks:
                self._barrier.wait(120)
            self.chunks.append(chunk)
            if self._fault:
                raise ValueError(self._fault)
            yield Written(lines=1, stored=1)


def test_each_chunk_is_written_once_and_two_at_a_time():
    barrier = threading.Barrier(2)
    tables = [FakeTable(barrier), FakeTable(barrier)]
    chunks = [b"%d" % number for number in range(100)]
    found = list(written_at_once(tables, ["a"], iter(chunks), 0))
    assert sum(one.stored for one in found) == 100
    assert sorted(tables[0].chunks + tables[1].chunks) == sorted(chunks)
    assert all(table.chunks for table in tables)


def test_what_one_raises_ends_the_other_and_is_raised():
    barrier = threading.Barrier(2)
    tables = [FakeTable(barrier), FakeTable(barrier, "gone")]

    def chunks():
        while True:
            yield b"line\n"

    with pytest.raises(ValueError, match="gone"):
        list(written_at_once(tables, ["a"], chunks(), 0))
    assert len(tables[1].chunks) == 1


def test_who_looks_no_further_ends_both():
    barrier = threading.Barrier(2)
    tables = [FakeTable(barrier), FakeTable(barrier)]
    numbers = iter(range(10**9))
    written = written_at_once(tables, ["a"], (b"%d" % number for number in numbers), 0)
    next(written)
    written.close()
    assert sum(len(table.chunks) for table in tables) < 10**9


def test_a_fault_of_what_is_read_is_raised():
    barrier = threading.Barrier(1)

    def chunks():
        yield b"line\n"
        raise OSError("no such disk")

    with pytest.raises(OSError, match="no such disk"):
        list(written_at_once([FakeTable(barrier)], ["a"], chunks(), 0))
