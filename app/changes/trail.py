"""Trail of changes in Redis, read the newest first: all of it, or the lines of one subject.

Where the lines of a subject stand is in a sorted set beside the trail, by the subject and the
line's id in 40 digits. Scripts write it with the line (``app/stores/lua/note.lua``); lines of
versions before are listed once, by the first who asks for those of a subject.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from app.changes.author import Author
from app.changes.change import MOST, RESTORED, Change, from_entry, to_entry
from app.config.settings import Settings
from app.stores.keys import API_CHANGES, API_CHANGES_LISTED, API_CHANGES_OF
from app.stores.redis.client import connect, despite_full
from app.stores.redis.errors import translated
from app.stores.scripts import script
from app.times import rfc3339

if TYPE_CHECKING:
    import redis

#: Lines read in one round trip.
_SCAN = 500
_SCAN_OF_ONE = 50
_ID = re.compile(r"[0-9]{1,20}-[0-9]{1,20}", re.ASCII)


#: What a later version has written.
UNKNOWN = Change("links.created", "", Author("", ""))


class BadCursor(Exception):
    """What was given to go on after is no place in the trail."""


@dataclass(frozen=True, slots=True)
class Line:
    """A change, and where it stands: the id, which begins with Unix milliseconds."""

    id: str
    change: Change

    @property
    def made_ms(self) -> int:
        """When the change was made, by Redis' clock."""
        return int(self.id.partition("-")[0])


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the trail; ``after`` is what to ask for next, or None at its end."""

    lines: tuple[Line, ...]
    after: str | None


class Trail:
    """Reads changes, and writes those that no script can write beside what it changes.

    Every method blocks for Redis, and raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(self, client: "redis.Redis", url: str) -> None:
        self._client = client
        self._url = url

    def page(self, *, after: str | None = None, limit: int = 50, subject: str = "") -> Page:
        """Return changes, newest first.

        Args:
            after: id of the line after which the page starts, as the page before says.
            limit: most lines on the page.
            subject: code of a link or id of a key; '' for all.

        Raises:
            BadCursor: ``after`` is no id.
        """
        if after is not None and not _is_place(after):
            raise BadCursor(f"{after!r} is no place in the trail of changes")
        lines = self.of(subject, after) if subject else self._scan(f"({after}" if after else "+")
        found = tuple(islice(lines, limit + 1))
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    def of(self, subject: str, after: str | None = None) -> Iterator[Line]:
        """Yield the lines of a subject, newest first.

        Args:
            after: id of the line behind which to begin.
        """
        self._list_old()
        prefix = f"{subject}\0"
        newest = f"({prefix}{_sortable(after)}" if after else f"[{prefix}:"
        while True:
            with translated(self._url):
                places: Any = self._client.zrange(
                    API_CHANGES_OF,
                    newest,
                    f"[{prefix}",
                    desc=True,
                    bylex=True,
                    offset=0,
                    num=_SCAN_OF_ONE,
                )
            yield from self._at([_id_at(place) for place in places])
            if len(places) < _SCAN_OF_ONE:
                return
            newest = f"({places[-1].decode()}"

    def newest_id(self) -> str | None:
        """Return the id of the newest line; None where there is none."""
        with translated(self._url):
            found: Any = self._client.xrevrange(API_CHANGES, "+", "-", count=1)
        return found[0][0].decode() if found else None

    def lines_from(self, line_id: str, limit: int) -> list[Line]:
        """Return lines from one on, be it there or not, oldest first; see :data:`UNKNOWN`."""
        with translated(self._url):
            found: Any = self._client.xrange(API_CHANGES, line_id, "+", count=limit)
        return [Line(line_id.decode(), from_entry(entry) or UNKNOWN) for line_id, entry in found]

    def entries(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the ids and fields of all lines, oldest first, also of those nobody here knows.

        That a line was restored is of this Redis, and no part of it.
        """
        oldest = "-"
        while True:
            with translated(self._url):
                found: Any = self._client.xrange(API_CHANGES, oldest, "+", count=_SCAN)
            for line_id, entry in found:
                told = {name.decode(): _text(entry[name]) for name in entry if name != RESTORED}
                yield line_id.decode(), told
            if len(found) < _SCAN:
                return
            oldest = f"({found[-1][0].decode()}"

    def restore(self, entries: Iterable[tuple[str, Mapping[str, str]]]) -> int:
        """Put lines back as they were, oldest first; return for how many it is too late.

        A line that is there stays. Of those that aren't, only those can come back which are newer
        than the newest. They are marked by :data:`app.changes.change.RESTORED`.
        """
        restore, keys = script("app.changes", "restore"), (API_CHANGES, API_CHANGES_OF)
        waiting, late = iter(entries), 0
        while piece := list(islice(waiting, _SCAN)):
            with translated(self._url), self._client.pipeline(transaction=False) as written:
                for line_id, fields in piece:
                    texts = [text for pair in fields.items() for text in pair]
                    written.eval(restore, len(keys), *keys, line_id, *texts)
                late += written.execute().count(0)
        return late

    def write(self, change: Change) -> bytes:
        """Write a line before its change is made, and return the line's id."""
        return self.write_each([change])[0]

    def write_each(self, changes: Sequence[Change]) -> list[bytes]:
        """Write a line for each change before they are made, and return the lines' ids."""
        write = script("app.changes", "write")
        with translated(self._url), self._client.pipeline(transaction=False) as written:
            for change in changes:
                written.eval(write, 1, API_CHANGES, MOST, change.count, *to_entry(change))
            ids: list[bytes] = written.execute()
            return ids

    def take_back(self, line_id: bytes, subject: str) -> None:
        """Take a line back whose change wasn't made."""
        place = f"{subject}\0{_sortable(line_id.decode())}"
        with translated(self._url), self._client.pipeline(transaction=False) as taken:
            taken.xdel(API_CHANGES, line_id)
            taken.zrem(API_CHANGES_OF, place)
            taken.execute()

    def _at(self, ids: Sequence[str]) -> Iterator[Line]:
        """Yield the lines with these ids that are there."""
        with translated(self._url), self._client.pipeline(transaction=False) as asked:
            for line_id in ids:
                asked.xrange(API_CHANGES, line_id, line_id)
            found = asked.execute()
        for line_id, entries in zip(ids, found, strict=True):
            if entries and (change := from_entry(entries[0][1])):
                yield Line(line_id, change)

    def _list_old(self) -> None:
        """List the lines that were written before there was such a list, unless that was done."""
        with translated(self._url):
            if self._client.exists(API_CHANGES_LISTED):
                return
            text, place = script("app.changes", "list"), "-"
            keys = (API_CHANGES, API_CHANGES_OF)
            while last := self._client.eval(text, len(keys), *keys, place, _SCAN):
                place = f"({last.decode()}"
            done = despite_full(API_CHANGES_LISTED, "SET", API_CHANGES_LISTED, 1)
            self._client.execute_command(*done)  # type: ignore[no-untyped-call]

    def _scan(self, newest: str) -> Iterator[Line]:
        """Yield lines from one on, newest first."""
        while True:
            with translated(self._url):
                found: Any = self._client.xrevrange(API_CHANGES, newest, "-", count=_SCAN)
            for line_id, entry in found:
                if change := from_entry(entry):
                    yield Line(line_id.decode(), change)
            if len(found) < _SCAN:
                return
            newest = f"({found[-1][0].decode()}"


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _is_place(text: str) -> bool:
    """Tell whether a text is an entry id: two numbers of 64 bits, which aren't both 0."""
    if not _ID.fullmatch(text):
        return False
    numbers = [int(part) for part in text.split("-")]
    return any(numbers) and all(number < 1 << 64 for number in numbers)


def _sortable(line_id: str) -> str:
    """Return an id so that the later of two is the greater text, as sortable.lua does."""
    return "".join(part.zfill(20) for part in line_id.split("-"))


def _id_at(place: bytes) -> str:
    """Return the id of the line of an entry of the list."""
    digits = place[-40:].decode()
    return f"{int(digits[:20])}-{int(digits[20:])}"


def open_trail(settings: Settings) -> Trail:
    """Return the trail of an installation; it connects when first used."""
    url = settings.redis_url
    return Trail(connect(url, timeout_seconds=settings.redis_timeout_seconds), url)


def describe(line: Line) -> dict[str, Any]:
    """Return a line as programs read it."""
    change, author = line.change, line.change.author
    return {
        "id": line.id,
        "made_at": rfc3339(line.made_ms),
        "what": change.what,
        "subject": change.subject,
        "who": author.who,
        "name": author.name,
        "via": author.via,
        "request_id": author.request_id,
        "from": change.before,
        "to": change.after,
        "count": change.count,
    }
