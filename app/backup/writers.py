"""Writers that restore clicks side by side: one's lines are read while another's are stored.

A chunk is unpacked here, made rows by the server, looked for, stored and looked for again: each
waits for the one before. Two chunks at once keep both sides busy.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from app.backup.clicks import ClickTable, Written


def written_at_once(
    tables: Sequence[ClickTable],
    columns: Sequence[str],
    chunks: Iterable[bytes],
    kept_since_ms: int,
) -> Iterator[Written]:
    """Have each table write the next chunk; yield what became of them, as :meth:`ClickTable.write`.

    What one of them raises ends all, once each has done what it is at.

    Args:
        tables: the same table, each over a connection of its own.
    """
    shared, found = _Shared(chunks), SimpleQueue[Written | None]()

    def write(table: ClickTable) -> None:
        try:
            for one in table.write(columns, shared, kept_since_ms):
                found.put(one)
        except BaseException:
            shared.end()
            raise
        finally:
            found.put(None)

    with ThreadPoolExecutor(len(tables)) as pool:
        try:
            writers = [pool.submit(write, table) for table in tables]
            yield from _until_all_ended(found, writers)
        finally:
            shared.end()


def _until_all_ended(
    found: "SimpleQueue[Written | None]", writers: Sequence[Future[None]]
) -> Iterator[Written]:
    running = len(writers)
    while running:
        one = found.get()
        if one is None:
            running -= 1
        else:
            yield one
    for writer in writers:
        writer.result()


class _Shared:
    """Chunks that several threads take from, each of them once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._lock = threading.Lock()
        self._is_over = False

    def __iter__(self) -> "_Shared":
        return self

    def __next__(self) -> bytes:
        with self._lock:
            if self._is_over:
                raise StopIteration
            return next(self._chunks)

    def end(self) -> None:
        """Have nobody get any more."""
        with self._lock:
            self._is_over = True
