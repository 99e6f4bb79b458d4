"""Salvage that takes the clicks out of a spool which no redirect worker has any more.

Rule 1: the files are only read. They may be a copy of a lost host's, on a medium that can't be
        written, cut off, damaged, or a log without its database.
Rule 2: a click is taken if it is as it was written: by its checksum, or in spools of before there
        were any, because its id stands in its command as well.
Rule 3: what SQLite would not look at is looked through as well, since a click too many is one that
        is known by its id, and one too few is lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.redirect.redis.resp import decode_command
from app.redirect.spool.database_pages import DatabasePages, Value, opened
from app.redirect.spool.location import NAME
from app.redirect.spool.rows import Row, is_whole
from app.redirect.visits.xadd_encoder import click_id_of, is_click

_ID_BYTES = 16
#: Damaged clicks that are remembered by their ids.
_REMEMBERED = 1_000
_TABLE = b"CREATE TABLE clicks"


@dataclass(slots=True)
class Salvage:
    """Clicks of one spool file, and what is known of those that can't be read.

    Attributes:
        path: of the database.
        whole: clicks that were yielded so far.
        damaged: others of which at least the id is there.
        damaged_ids: the first of these.
        counted: how many clicks the file says that it holds, None if it doesn't.
        unreadable_pages: those that the medium did not give.
        is_spool: whether the file is one, even if it holds nothing.
    """

    path: Path
    whole: int = 0
    damaged: int = 0
    damaged_ids: list[bytes] = field(default_factory=list)
    counted: int | None = None
    unreadable_pages: int = 0
    is_spool: bool = False

    @property
    def missing(self) -> int:
        """How many clicks the file says that it holds and of which nothing can be found."""
        return max((self.counted or 0) - self.whole - self.damaged, 0)

    def clicks(self) -> Iterator[Row]:
        """Yield the clicks that are whole; raises OSError if the file can't be opened."""
        with opened(self.path) as pages:
            doubtful = {click_id for click_id, _ in _clicks_of_doubtful(pages)}
            for page in pages.committed():
                self.is_spool |= pages.is_database and _TABLE in page
                counted = pages.single(page)
                self.counted = self.counted if counted is None else counted
                for row in self._sorted_out(pages.records(page)):
                    doubtful.discard(row[0])
                    yield row
            for row in _clicks_of_doubtful(pages):
                if row[0] in doubtful:
                    doubtful.discard(row[0])
                    yield self._take(row)
            self.unreadable_pages = pages.unreadable

    def _sorted_out(self, records: Iterator[list[Value]]) -> Iterator[Row]:
        for record in records:
            click_id = _id_of(record)
            if click_id is None:
                continue
            if row := _as_written(click_id, record):
                yield self._take(row)
                continue
            self.damaged += 1
            if len(self.damaged_ids) < _REMEMBERED:
                self.damaged_ids.append(click_id)

    def _take(self, row: Row) -> Row:
        self.whole += 1
        self.is_spool = True
        return row


def databases_of(place: Path) -> list[Path]:
    """Return the spool files at a place, which may be a directory that has some.

    Those that were set aside as damaged are among them.

    Raises:
        FileNotFoundError: there is none.
    """
    if not place.is_dir():
        base = place.with_name(place.name.removesuffix("-wal").removesuffix("-shm"))
        place.stat()
        return [base]
    logs = ("-wal", "-shm")
    found = {path for path in place.glob(f"{NAME}*") if not path.name.endswith(logs)}
    if not found:
        raise FileNotFoundError(2, f"there is no {NAME} in it", str(place))
    return sorted(found)


def _clicks_of_doubtful(pages: DatabasePages) -> Iterator[Row]:
    for page in pages.doubtful():
        for record in pages.records(page, is_doubtful=True):
            click_id = _id_of(record)
            if click_id is not None and (row := _as_written(click_id, record)):
                yield row


def _id_of(record: list[Value]) -> bytes | None:
    """Return the click's id, None where the record is of another kind."""
    click_id = record[0]
    if isinstance(click_id, bytes) and len(click_id) == _ID_BYTES and len(record) in (2, 3):
        return click_id
    return None


def _as_written(click_id: bytes, record: list[Value]) -> Row | None:
    command, checksums = record[1], record[2:]
    if not isinstance(command, bytes):
        return None
    if checksums:
        checksum = checksums[0]
        is_good = isinstance(checksum, int) and is_whole((click_id, command, checksum))
    else:
        is_good = _names_itself(click_id, command)
    return (click_id, command) if is_good else None


def _names_itself(click_id: bytes, command: bytes) -> bool:
    try:
        decode_command(command)
        return is_click(command) and click_id_of(command) == click_id
    except ValueError:
        return False
