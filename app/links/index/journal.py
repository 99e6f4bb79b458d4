"""Journal of the search index: up to where it has taken in the trail, and how far it is filled."""

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from app.changes.change import to_entry
from app.changes.trail import Line

#: Lines that are remembered; some may be taken back.
REMEMBERED = 200


class Noted(NamedTuple):
    """A line of the trail that was taken in.

    Attributes:
        digest: of what it said: of a lost one the id may come again.
        codes: of the links that it was about.
    """

    id: str
    ms: int
    digest: bytes
    codes: tuple[str, ...]


def noted(file: sqlite3.Connection) -> list[Noted]:
    """Return the lines that were taken in last, oldest first."""
    rows = file.execute("SELECT id, ms, digest, codes FROM lines ORDER BY ms, number")
    return [Noted(line_id, ms, held, tuple(codes.split())) for line_id, ms, held, codes in rows]


def note(file: sqlite3.Connection, lines: Sequence[Line]) -> None:
    """Note lines that were taken in, and forget those of long ago."""
    rows = [
        (line.id, *order(line.id), digest(line), " ".join(codes_of(line)))
        for line in lines[-REMEMBERED:]
    ]
    file.executemany("INSERT OR REPLACE INTO lines VALUES (?, ?, ?, ?, ?)", rows)
    file.execute(
        "DELETE FROM lines WHERE id NOT IN"
        " (SELECT id FROM lines ORDER BY ms DESC, number DESC LIMIT ?)",
        (REMEMBERED,),
    )


def forget(file: sqlite3.Connection, ids: Sequence[str]) -> None:
    """Forget lines that are gone."""
    file.executemany("DELETE FROM lines WHERE id = ?", [(each,) for each in ids])


def codes_of(line: Line) -> tuple[str, ...]:
    """Return the codes of the links that a line is about."""
    change = line.change
    if not change.what.startswith("link"):
        return ()
    if change.what == "links.created":
        return tuple(map(str, change.after.get("codes", ())))
    return (change.subject,)


def digest(line: Line) -> bytes:
    """Return what tells a line from another with the same id."""
    parts = (part.encode() if isinstance(part, str) else part for part in to_entry(line.change))
    return blake2b(b"\0".join(parts), digest_size=8).digest()


def order(line_id: str) -> tuple[int, int]:
    """Return a line's place among others."""
    ms, _, number = line_id.partition("-")
    return int(ms), int(number)


def facts(file: sqlite3.Connection) -> dict[str, object]:
    """Return what is remembered by its names; nothing of a file that is new."""
    return dict(file.execute("SELECT name, value FROM facts"))


def remember(file: sqlite3.Connection, name: str, value: str | float) -> None:
    """Remember something in the place of what is remembered by that name."""
    file.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def count(file: sqlite3.Connection) -> int:
    """Return how many links are in the index, deleted ones among them."""
    found: int = file.execute("SELECT count(*) FROM links").fetchone()[0]
    return found


def empty(file: sqlite3.Connection) -> None:
    """Take everything out."""
    file.execute("INSERT INTO texts (texts) VALUES ('delete-all')")
    for table in ("links", "tagged", "lines", "facts"):
        file.execute(f"DELETE FROM {table}")  # noqa: S608 - ours
