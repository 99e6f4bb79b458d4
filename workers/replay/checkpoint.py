"""Checkpoint that keeps on disk how far a replay has come, so that a killed one goes on."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from workers.replay.changes import Changes
from workers.replay.stored_clicks import Cursor


class NotesUnusable(Exception):
    """The folder of the notes can't be used; the text says why."""


@dataclass(slots=True)
class Notes:
    """One replay, and how far it has come.

    Attributes:
        began_ms: its beginning in Unix milliseconds; what is enriched later is left alone.
        since_ms, until_ms: which clicks it replays, by time, in Unix milliseconds.
        first_id, last_id: which entries, as XRANGE takes them; the first moves on.
        is_stream_done: whether all entries of the stream at hand were read.
        start_id: the first entry of each stream; b'' until the replay has begun.
        streams_done: how many streams, of several shards, are behind it.
        month, after: where in the table it is; 0 and None at the beginning.
        counts: clicks by what was done with them, see :class:`workers.replay.replay.Replay`.
        changed: clicks by the column that the replay changed, and what became of what.
        met: ids of the clicks of the stream, in a replay that changes nothing and so can't tell
            them by their rows; not noted.
    """

    began_ms: int
    since_ms: int
    until_ms: int
    first_id: bytes
    last_id: bytes
    is_stream_done: bool = False
    start_id: bytes = b""
    streams_done: int = 0
    month: int = 0
    after: Cursor | None = None
    counts: Counter[str] = field(default_factory=Counter)
    changed: Changes = field(default_factory=Changes)
    met: set[bytes] = field(default_factory=set)

    def advance(self, counts: Counter[str], changed: Changes) -> None:
        """Add what a step did."""
        self.counts += counts
        self.changed += changed


class Notebook:
    """The notes of one replay in a file, told from others by what was typed.

    Raises NotesUnusable from every method.
    """

    def __init__(self, directory: Path, typed: tuple[str, ...]) -> None:
        digest = hashlib.blake2b("\0".join(typed).encode(), digest_size=8).hexdigest()
        self._path = directory / f"{digest}.json"

    def read(self) -> Notes | None:
        """Return what was noted; None at the beginning."""
        with _translated(self._path):
            if not self._path.exists():
                return None
            return _from_plain(orjson.loads(self._path.read_bytes()))

    def write(self, notes: Notes) -> None:
        """Note how far the replay has come; a kill leaves the old notes or the new ones."""
        with _translated(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_suffix(".new")
            new.write_bytes(orjson.dumps(_to_plain(notes)))
            new.replace(self._path)

    def forget(self) -> None:
        """Throw the notes of a replay away that is done."""
        with _translated(self._path):
            self._path.unlink(missing_ok=True)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise NotesUnusable(f"the notes of the replay in {path}: {error}") from error


def _to_plain(notes: Notes) -> dict[str, Any]:
    after = notes.after
    return {
        "began_ms": notes.began_ms,
        "since_ms": notes.since_ms,
        "until_ms": notes.until_ms,
        "first_id": notes.first_id.decode(),
        "last_id": notes.last_id.decode(),
        "is_stream_done": notes.is_stream_done,
        "start_id": notes.start_id.decode(),
        "streams_done": notes.streams_done,
        "month": notes.month,
        "after": after and [after.short_code.decode(), after.time_ms, after.click_id.hex()],
        "counts": notes.counts,
        "changed": notes.changed.as_plain(),
    }


def _from_plain(plain: dict[str, Any]) -> Notes:
    after = plain["after"]
    return Notes(
        **{
            **plain,
            "first_id": plain["first_id"].encode(),
            "last_id": plain["last_id"].encode(),
            "start_id": plain.get("start_id", "").encode(),
            "after": after and Cursor(after[0].encode(), after[1], bytes.fromhex(after[2])),
            "counts": Counter(plain["counts"]),
            "changed": Changes.from_plain(plain["changed"]),
        }
    )
