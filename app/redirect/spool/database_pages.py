"""Reader that takes records out of the pages of an SQLite database, however damaged, by itself.

SQLite would write beside the file what it needs for its log, refuse that on a medium which can only
be read, and stop at the first page that is not what it should be. This reader opens files to read
them and takes each page for itself, so that its memory is bounded whatever their size.

Source: https://sqlite.org/fileformat2.html#b_tree_pages
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.redirect.spool.log_pages import NO_LOG, read_log
from app.redirect.spool.table import PAGE_BYTES

#: A value of a record; None for what is no blob and no integer, or not there in full.
Value = bytes | int | None

_MAGIC = b"SQLite format 3\0"
_INDEX_LEAF, _INDEX_INTERIOR, _TABLE_LEAF = 0x0A, 0x02, 0x0D
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
#: More columns and larger values than a spool has belong to something else.
_MOST_HEADER_BYTES = 32
_MOST_PAYLOAD_BYTES = 1 << 20


class DatabasePages:
    """The pages of a database and its log, as they were last committed.

    Attributes:
        is_database: whether the file begins as SQLite's do.
        unreadable: pages that the medium did not give.
    """

    def __init__(self, database: int | None, log: int | None) -> None:
        """Make a reader of open files; raises OSError if they can't be read at all."""
        header = b"" if database is None else os.pread(database, 100, 0)
        self.is_database = header.startswith(_MAGIC)
        self.unreadable = 0
        told = int.from_bytes(header[16:18], "big") if self.is_database else 0
        told = 65_536 if told == 1 else told
        usual_bytes = told if told >= 512 and told & (told - 1) == 0 else PAGE_BYTES
        self._log = read_log(log, usual_bytes) if log is not None else NO_LOG
        self._page_bytes = self._log.page_bytes or usual_bytes
        self._database, self._log_file = database, log
        size_bytes = 0 if database is None else os.fstat(database).st_size
        self._count = self._log.page_count or -(-size_bytes // self._page_bytes)
        self._doubtful = dict(self._log.doubtful)

    def committed(self) -> Iterator[bytes]:
        """Yield each page; one that is cut off is shorter."""
        for number in range(1, self._count + 1):
            if page := self._committed(number):
                yield page

    def doubtful(self) -> Iterator[bytes]:
        """Yield the pages of the log that SQLite would not look at."""
        for _, offset in self._log.doubtful:
            if page := self._read(self._log_file, offset):
                yield page

    def records(self, page: bytes, *, is_doubtful: bool = False) -> Iterator[list[Value]]:
        """Yield the records of a page of an index, as which tables without row ids are kept.

        Args:
            is_doubtful: whether the page is; then so may be those on which it goes on.
        """
        kind = page[0]
        if kind not in (_INDEX_LEAF, _INDEX_INTERIOR):
            return
        is_leaf = kind == _INDEX_LEAF
        for at in _cells(page, 8 if is_leaf else 12):
            start = at if is_leaf else at + 4
            size, start = _varint(page, start)
            if size <= _MOST_PAYLOAD_BYTES and (
                record := _values(self._payload(page, start, size, is_doubtful=is_doubtful))
            ):
                yield record

    def single(self, page: bytes) -> int | None:
        """Return the integer of a table that holds nothing else, None for every other page."""
        if page[0] != _TABLE_LEAF or int.from_bytes(page[3:5], "big") != 1:
            return None
        for at in _cells(page, 8):
            size, start = _varint(page, at)
            _, start = _varint(page, start)
            values = _values(page[start : start + size])
            if len(values) == 1 and isinstance(values[0], int):
                return values[0]
        return None

    def _committed(self, number: int) -> bytes:
        offset = self._log.committed.get(number)
        if offset is not None:
            return self._read(self._log_file, offset)
        return self._read(self._database, (number - 1) * self._page_bytes)

    def _payload(self, page: bytes, start: int, size: int, *, is_doubtful: bool) -> bytes:
        """Return a record, or what there is of it: what a page has no room for lies elsewhere."""
        usable = self._page_bytes
        most, least = (usable - 12) * 64 // 255 - 23, (usable - 12) * 32 // 255 - 23
        if size <= most:
            return page[start : start + size]
        local = least + (size - least) % (usable - 4)
        local = local if local <= most else least
        parts = [page[start : start + local]]
        following = int.from_bytes(page[start + local : start + local + 4], "big")
        left = size - local
        while left > 0 and following:
            doubtful_at = self._doubtful.get(following) if is_doubtful else None
            if doubtful_at is not None:
                overflow = self._read(self._log_file, doubtful_at)
            else:
                overflow = self._committed(following)
            parts.append(overflow[4 : 4 + left])
            left -= usable - 4
            following = int.from_bytes(overflow[:4], "big")
        return b"".join(parts)

    def _read(self, file: int | None, offset: int) -> bytes:
        try:
            return b"" if file is None else os.pread(file, self._page_bytes, offset)
        except OSError:
            self.unreadable += 1
            return b""


@contextmanager
def opened(path: Path) -> Iterator[DatabasePages]:
    """Open a database to be read, or its log, or both, whatever there is.

    Raises:
        OSError: nothing is there, or it is not ours to read.
    """
    with contextlib.ExitStack() as files:
        descriptors: list[int | None] = []
        for each in (path, Path(f"{path}-wal")):
            try:
                descriptors.append(files.enter_context(each.open("rb")).fileno())
            except FileNotFoundError:
                descriptors.append(None)
        if descriptors == [None, None]:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        yield DatabasePages(*descriptors)


def _cells(page: bytes, header_bytes: int) -> Iterator[int]:
    count = int.from_bytes(page[3:5], "big")
    pointers = page[header_bytes : header_bytes + 2 * count]
    for at in range(0, len(pointers) - 1, 2):
        start = int.from_bytes(pointers[at : at + 2], "big")
        if header_bytes + 2 * count <= start < len(page):
            yield start


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends; 0 where the data does."""
    value = 0
    for end, byte in enumerate(data[at : at + 8], at + 1):
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, end
    return 0, at + 8


def _values(payload: bytes) -> list[Value]:
    """Read a record; nothing of what is none."""
    header_bytes, at = _varint(payload, 0)
    if not at < header_bytes <= _MOST_HEADER_BYTES:
        return []
    values: list[Value] = []
    start = header_bytes
    while at < header_bytes:
        kind, at = _varint(payload, at)
        value, start = _value(payload, kind, start)
        values.append(value)
    return values


def _value(payload: bytes, kind: int, start: int) -> tuple[Value, int]:
    """Return the value of a serial type that begins at a place, and where it ends."""
    if kind in (8, 9):
        return kind - 8, start
    is_blob = kind >= 12 and kind % 2 == 0
    end = start + ((kind - 12) // 2 if is_blob else _INTEGER_BYTES.get(kind, 0))
    raw = payload[start:end]
    if len(raw) < end - start or not (is_blob or kind in _INTEGER_BYTES):
        return None, end
    return (raw if is_blob else int.from_bytes(raw, "big", signed=True)), end
