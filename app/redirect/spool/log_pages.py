"""Reader that finds the pages in an SQLite write-ahead log which nobody has open any more.

Source: https://sqlite.org/fileformat2.html#the_write_ahead_log
"""

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
#: The last bit says whether checksums were made of big-endian words.
_MAGIC = 0x377F0682
_LARGEST_PAGE = 65_536


class LogPages(NamedTuple):
    """Where the pages of a log lie.

    Attributes:
        page_bytes: size of a page, 0 without any.
        page_count: of the database's pages after the last commit, None without any.
        committed: byte offset of the newest version of each page, as SQLite would read it.
        doubtful: number and offset of what follows: pages of a transaction that was not finished,
            and those behind a damaged place.
    """

    page_bytes: int
    page_count: int | None
    committed: dict[int, int]
    doubtful: list[tuple[int, int]]


NO_LOG = LogPages(0, None, {}, [])


class _Frame(NamedTuple):
    number: int
    size_after_commit: int
    salts: tuple[int, int]
    checksum: tuple[int, int]
    offset: int


def read_log(descriptor: int, usual_page_bytes: int) -> LogPages:
    """Return where the pages of an open log are; OSError if the medium can't be read.

    Args:
        usual_page_bytes: size of a page where the log's header is damaged.
    """
    header = os.pread(descriptor, _HEADER.size, 0)
    if len(header) < _HEADER.size:
        return NO_LOG
    magic, _, page_bytes, _, *salts, sum_1, sum_2 = _HEADER.unpack(header)
    order = ">" if magic & 1 else "<"
    reached = _checksum(order, header[:24], (0, 0))
    is_whole = magic & ~1 == _MAGIC and reached == (sum_1, sum_2) and _is_page_size(page_bytes)
    if not is_whole:
        page_bytes, salts = usual_page_bytes, []
    count: int | None = None
    committed: dict[int, int] = {}
    doubtful: list[_Frame] = []
    for frame in _frames(descriptor, page_bytes):
        salts = salts or list(frame.salts)
        if frame.salts != tuple(salts):
            # What is left of the log before this one, or damage.
            is_whole = False
            continue
        if is_whole:
            page = os.pread(descriptor, page_bytes, frame.offset)
            head = os.pread(descriptor, 8, frame.offset - _FRAME.size)
            reached = _checksum(order, head + page, reached)
            is_whole = reached == frame.checksum
        doubtful.append(frame)
        if is_whole and frame.size_after_commit:
            count = frame.size_after_commit
            committed |= {each.number: each.offset for each in doubtful}
            doubtful.clear()
    places = [(each.number, each.offset) for each in doubtful]
    return LogPages(page_bytes, count, committed, places)


def _frames(descriptor: int, page_bytes: int) -> Iterator[_Frame]:
    size = os.fstat(descriptor).st_size
    for start in range(_HEADER.size, size - _FRAME.size - page_bytes + 1, _FRAME.size + page_bytes):
        number, size_after_commit, *rest = _FRAME.unpack(os.pread(descriptor, _FRAME.size, start))
        salts, checksum = (rest[0], rest[1]), (rest[2], rest[3])
        if number:
            yield _Frame(number, size_after_commit, salts, checksum, start + _FRAME.size)


def _is_page_size(page_bytes: int) -> bool:
    return 512 <= page_bytes <= _LARGEST_PAGE and page_bytes & (page_bytes - 1) == 0


def _checksum(order: str, words: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    for left, right in struct.iter_unpack(f"{order}II", words):
        first = (first + left + second) & 0xFFFFFFFF
        second = (second + right + first) & 0xFFFFFFFF
    return first, second
