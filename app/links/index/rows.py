"""Rows of the search index: what of a link is looked for, and how a file holds it."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from app.links.link import Link, State

#: States by their numbers in a file.
STATES: tuple[State, ...] = ("live", "disabled", "deleted", "expired", "used_up")
LIVE, DELETED, EXPIRED, USED_UP = (
    STATES.index(state) for state in ("live", "deleted", "expired", "used_up")
)

_INSERT = """
INSERT OR IGNORE INTO links (code, created_ms, state, expires_at, click_limit, tags, text)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE = """
UPDATE links SET (created_ms, state, expires_at, click_limit, tags, text) = (?, ?, ?, ?, ?, ?)
WHERE id = ?
"""


class Row(NamedTuple):
    """A link as a file holds it."""

    code: str
    created_ms: int
    state: int
    expires_at: int | None
    click_limit: int | None
    tags: str
    text: str


def row_of(link: Link, now: float, uses: int) -> Row:
    """Return a link's row.

    Args:
        now: Unix seconds.
        uses: clicks of its limit that are used.
    """
    texts = (link.code,) if link.deleted else (link.code, link.target, link.title)
    return Row(
        link.code,
        link.created_ms,
        STATES.index(link.state(now, uses)),
        link.expires_at,
        link.click_limit,
        between_blanks(link.tags),
        "\n".join(texts).casefold(),
    )


def between_blanks(tags: Iterable[str]) -> str:
    """Return tags as one text, each between blanks, which no tag has."""
    return "".join(f" {tag} " for tag in tags)


def put(file: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Put rows into a file, in the place of those that are there."""
    held = _held(file, [row.code for row in rows])
    last = file.execute("SELECT coalesce(max(id), 0) FROM links").fetchone()[0]
    new = []
    for row in {row.code: row for row in rows}.values():
        if row.code in held:
            _replace(file, row, *held[row.code])
        else:
            new.append(row)
    # All at once: a statement for each costs more than what it does.
    fill(file, new)
    file.execute("INSERT INTO texts (rowid, text) SELECT id, text FROM links WHERE id > ?", (last,))
    _tag(file, last)


def fill(file: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Put rows into a file where none are there; texts and tags are listed later, all at once."""
    file.executemany(_INSERT, rows)


def list_all(file: sqlite3.Connection) -> None:
    """List texts and tags of all rows."""
    file.execute("INSERT INTO texts (texts) VALUES ('rebuild')")
    file.execute("DELETE FROM tagged")
    _tag(file, 0)


def _tag(file: sqlite3.Connection, after: int) -> None:
    """List tags of the rows behind one, none of which are listed."""
    found = file.execute("SELECT id, tags FROM links WHERE id > ? AND tags != ''", (after,))
    pairs = ((tag, identity) for identity, tags in found for tag in tags.split())
    file.executemany("INSERT OR IGNORE INTO tagged VALUES (?, ?)", pairs)


def _held(file: sqlite3.Connection, codes: Collection[str]) -> dict[str, tuple[int, str, str]]:
    marks = ", ".join("?" * len(codes))
    found = file.execute(
        f"SELECT code, id, tags, text FROM links WHERE code IN ({marks})",  # noqa: S608 - marks
        list(codes),
    )
    return {code: (identity, tags, text) for code, identity, tags, text in found}


def _replace(file: sqlite3.Connection, row: Row, identity: int, tags: str, text: str) -> None:
    if text != row.text:
        # The virtual table has to be told what it listed.
        file.execute(
            "INSERT INTO texts (texts, rowid, text) VALUES ('delete', ?, ?)", (identity, text)
        )
    file.execute(_UPDATE, (*row[1:], identity))
    if text != row.text:
        file.execute("INSERT INTO texts (rowid, text) VALUES (?, ?)", (identity, row.text))
    _retag(file, identity, tags, row.tags)


def _retag(file: sqlite3.Connection, identity: int, before: str, after: str) -> None:
    was, now = set(before.split()), set(after.split())
    gone = [(tag, identity) for tag in was - now]
    file.executemany("DELETE FROM tagged WHERE tag = ? AND id = ?", gone)
    new = [(tag, identity) for tag in now - was]
    file.executemany("INSERT OR IGNORE INTO tagged VALUES (?, ?)", new)
