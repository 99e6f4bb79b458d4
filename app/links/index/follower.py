"""Follower that keeps the search index as fresh as Redis: by the trail of changes, line by line.

Rule 1: what is taken in of links, and up to which line of the trail, is one transaction: a kill
        leaves neither without the other. Taking lines in again changes nothing.
Rule 2: a line says which links changed; what they are is read from Redis.
Rule 3: links whose lines another server has lost, with its end of the trail, are read again. Where
        nothing of what was taken in last is left, lines may be missing: the index is filled anew.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from app.changes.trail import Line, Trail
from app.links import codes
from app.links.index.file import IndexFile
from app.links.index.journal import (
    REMEMBERED,
    Noted,
    codes_of,
    count,
    digest,
    empty,
    facts,
    forget,
    note,
    noted,
    order,
    remember,
)
from app.links.index.rows import EXPIRED, USED_UP, Row, fill, list_all, put, row_of
from app.links.link import CorruptLink, Link, decode
from app.links.ranks import Entry
from app.links.store import LinkStore

#: Lines taken in at once, those of a few seconds, and links filled in at once.
_LINES, _MOST, _PIECE = 500, 100_000, 1_000
#: How long after its line a change may come, where they lie on different nodes.
_LATE_MS = 5_000
#: Limited links whose used clicks are looked at for an answer.
_LIMITED = 2_000

# Numbers of states as the indexes of sql/schema.sql have them.
_IS_DUE = """
SELECT 1 FROM links WHERE expires_at IS NOT NULL AND state IN (0, 4) AND expires_at <= ? LIMIT 1
"""
_EXPIRE = """
UPDATE links SET state = ? WHERE expires_at IS NOT NULL AND state IN (0, 4) AND expires_at <= ?
"""
_LIMITED_LINKS = """
SELECT id, code, click_limit FROM links INDEXED BY by_limit
WHERE click_limit IS NOT NULL AND state = 0 AND id > ? ORDER BY id LIMIT ?
"""

_TAKE_CLICKS = """
UPDATE links SET clicks = ?, last_click_ms = ? WHERE code = ? AND (clicks, last_click_ms) != (?, ?)
"""

#: Is told how many links of how many are filled in.
Progress = Callable[[int, int], object]


class LinkClicks(NamedTuple):
    """Clicks of a link: how many, and when the last one was, in Unix milliseconds."""

    code: str
    clicks: int
    last_click_ms: int


class NotFilled(Exception):
    """The index doesn't hold all links yet.

    Attributes:
        done, total: links that it holds, of how many.
    """

    def __init__(self, done: int, total: int) -> None:
        super().__init__(f"the index of links is being filled: {done:,} of {total:,} are in it")
        self.done = done
        self.total = total


class Follower:
    """Takes changes of links into the index; any thread may ask, one works.

    Every method blocks, and raises :class:`app.stores.redis.errors.RedisError` when Redis doesn't
    do its part, and :class:`app.links.index.file.IndexUnusable` when the file doesn't.

    Args:
        is_late: whether changes may come after their lines, as on a cluster.
    """

    def __init__(
        self,
        file: IndexFile,
        store: LinkStore,
        trail: Trail,
        *,
        is_late: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = file
        self._store = store
        self._trail = trail
        self._is_late = is_late
        self._clock = clock
        self._turn = threading.Lock()

    def fill(self, progress: Progress = lambda *_: None) -> None:
        """Fill the index with all links, if it isn't; a fill that was interrupted goes on."""
        while not self._is_filled():
            for deleted in (False, True):
                self._sweep(deleted, progress)
            with self._file.writing() as file:
                list_all(file)
                remember(file, "filled", 1)
            with suppress(NotFilled):
                self.catch_up()

    def catch_up(self) -> None:
        """Take in all changes that were made before.

        Raises:
            NotFilled: the index doesn't hold all links.
        """
        with self._turn:
            while self._take_in() >= _LINES:
                pass
            self._expire()
            self._use_up()

    def take_clicks(self, clicks: Iterable[LinkClicks], as_of: float) -> None:
        """Take in how many clicks links have, as of a time in Unix seconds."""
        waiting = iter(clicks)
        while piece := list(islice(waiting, _PIECE)):
            rows = [(*each[1:], each.code, *each[1:]) for each in piece]
            with self._file.writing() as file:
                file.executemany(_TAKE_CLICKS, rows)
        with self._file.writing() as file:
            remember(file, "clicks_as_of", as_of)

    def start_anew(self) -> None:
        """Empty the index, so that it is filled again."""
        with self._file.writing() as file:
            empty(file)

    def _is_filled(self) -> bool:
        with self._file.writing() as file:
            held = facts(file)
            if not held:
                # What changes from now on is taken in afterwards.
                note(file, self._trail.page(limit=REMEMBERED).lines[::-1])
                remember(file, "filled", 0)
            return bool(held.get("filled"))

    def _sweep(self, deleted: bool, progress: Progress) -> None:
        name = "deleted_to" if deleted else "filled_to"
        with self._file.reading() as file:
            done, place = count(file), facts(file).get(name)
        after = None
        if place is not None:
            created_ms, _, code = str(place).partition(" ")
            after = Entry(code, int(created_ms))
        total = self._store.links.count(deleted=True)
        for last, links in self._store.links.sweep(after, _PIECE, deleted=deleted):
            rows = self._rows(links)
            with self._file.writing() as file:
                fill(file, rows)
                remember(file, name, f"{last.created_ms} {last.code}")
            done += len(rows)
            progress(min(done, total), total)

    def _take_in(self) -> int:
        """Take in lines, and return how many were new."""
        with self._file.reading() as file:
            self._require_filled(file)
            held = noted(file)
            lines = self._lines_behind(held)
            if not self._news(held, lines):
                return 0
        with self._file.writing() as file:
            self._require_filled(file)
            # Another process may have been here meanwhile.
            held = noted(file)
            lines = self._lines_behind(held)
            lost = self._lost(held, lines)
            new = self._news(held, lines)
            is_cut = len(lost) == len(held) if held else len(new) >= _LINES
            if is_cut or any(map(_is_unclear, new)):
                empty(file)
            else:
                changed = {code for line in new for code in codes_of(line)}
                changed.update(code for each in lost for code in each.codes)
                wanted = iter(sorted(changed))
                # Few at once, for memory and for what a statement may have of values.
                while piece := list(islice(wanted, _PIECE)):
                    put(file, self._rows(self._read(piece)))
                forget(file, [each.id for each in lost])
                note(file, new)
                return len(new)
        raise NotFilled(0, self._store.links.count(deleted=True))

    def _require_filled(self, file: sqlite3.Connection) -> None:
        if not facts(file).get("filled"):
            raise NotFilled(count(file), self._store.links.count(deleted=True))

    def _lines_behind(self, held: Sequence[Noted]) -> list[Line]:
        """Return lines from the last one on that was taken in, or before where that is gone."""
        if not held:
            return self._trail.lines_from("-", _LINES)
        last, since, most = held[-1], held[-1].id, _LINES
        if self._is_late:
            since, most = f"{min(last.ms, self._now_ms() - 2 * _LATE_MS)}-0", _MOST
        lines = self._trail.lines_from(since, most)
        if any((line.id, digest(line)) == (last.id, last.digest) for line in lines):
            return lines
        return self._trail.lines_from(min(since, held[0].id, key=order), most + REMEMBERED)

    def _lost(self, held: Sequence[Noted], lines: Sequence[Line]) -> list[Noted]:
        """Return what was taken in and is no longer in the trail, as far as the lines go back."""
        there = {line.id: digest(line) for line in lines}
        if not lines:
            return list(held)
        first = order(lines[0].id)
        within = [each for each in held if order(each.id) >= first]
        lost = [each for each in within if there.get(each.id) != each.digest]
        return lost if within else list(held)

    def _news(self, held: Sequence[Noted], lines: Sequence[Line]) -> list[Line]:
        """Return the lines that were not taken in, and those whose changes may come late."""
        known = {each.id: each.digest for each in held}
        newest = order(held[-1].id) if held else (0, 0)
        late_ms = self._now_ms() - _LATE_MS
        return [
            line
            for line in lines
            if (known.get(line.id) != digest(line) and order(line.id) > newest)
            or (self._is_late and line.made_ms > late_ms)
        ]

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _expire(self) -> None:
        now = int(self._clock())
        with self._file.reading() as file:
            due = file.execute(_IS_DUE, (now,)).fetchone()
        if due:
            with self._file.writing() as file:
                file.execute(_EXPIRE, (EXPIRED, now))

    def _use_up(self) -> None:
        """Look which limited links are used up by now, some after the other."""
        with self._file.reading() as file:
            after = int(str(facts(file).get("looked_at", 0)))
            limited = file.execute(_LIMITED_LINKS, (after, _LIMITED)).fetchall()
        uses = self._store.uses_by_code([code for _, code, _ in limited])
        used_up = [(USED_UP, number) for number, code, limit in limited if uses[code] >= limit]
        place = limited[-1][0] if len(limited) == _LIMITED else 0
        if used_up or place != after:
            with self._file.writing() as file:
                file.executemany("UPDATE links SET state = ? WHERE id = ?", used_up)
                remember(file, "looked_at", place)

    def _read(self, wanted: Sequence[str]) -> list[Link]:
        found = []
        sound = [code for code in wanted if codes.is_valid(code)]
        for code, raw in zip(sound, self._store.peek(sound), strict=True):
            try:
                if raw is not None:
                    found.append(decode(code, raw))
            except CorruptLink:
                continue
        return found

    def _rows(self, links: Sequence[Link]) -> list[Row]:
        uses, now = self._store.uses_of(links), self._clock()
        return [row_of(link, now, uses[link.code]) for link in links]


def _is_unclear(line: Line) -> bool:
    """Tell whether a line of a version before doesn't say which links were made."""
    return line.change.what == "links.created" and not codes_of(line)
