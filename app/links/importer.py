"""Many links at once: each is created, found unchanged or refused, and none stops the others."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from app.links import codes
from app.links.json import NewLink
from app.links.link import (
    CodeTaken,
    CorruptLink,
    Link,
    LinkContended,
    LinkNotFound,
    decode,
    encode,
    tombstone,
)
from app.links.precondition import ANY, Precondition
from app.links.store import LinkStore
from app.links.targets import is_same
from app.links.validation import InvalidLink

#: Links stored in one round trip: about a megabyte at most, so that Redis serves others meanwhile.
_PIECE = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One link of a file.

    Attributes:
        line: where it stands, from 1.
        link: what was read, or why nothing could be.
    """

    line: int
    link: NewLink | InvalidLink


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row; reason says why it was refused, or in what its link is another."""

    line: int
    kind: Literal["created", "updated", "unchanged", "refused"]
    code: str = ""
    reason: str = ""


class Rehearsal:
    """A shelf for links that stores nothing and answers as the store would."""

    def __init__(self, store: LinkStore) -> None:
        self._store = store
        # Texts that were just encoded would take ten times the memory of the links.
        self._put: dict[str, Link] = {}

    def put_new(self, links: Sequence[Link]) -> list[bytes | None]:
        """Return what would stand in each link's way, earlier links among it."""
        stored = self._store.peek([link.code for link in links])
        return [
            self._text(link.code, held) if held else self._put_one(link)
            for link, held in zip(links, stored, strict=True)
        ]

    def put_elsewhere(self, link: Link) -> Link:
        """Return the link as it is: which code it would get is not known beforehand."""
        return link

    def update(self, code: str, given: Mapping[str, object], *, only: Precondition = ANY) -> Link:
        """Return the link as it would be."""
        held = self._put.get(code) or decode(code, self._store.peek([code])[0] or b"")
        only.require_before(held)
        changed = self._store.changed(held, given)
        only.require_after(changed)
        self._put[code] = changed
        return changed

    def _put_one(self, link: Link) -> bytes | None:
        if link.code in self._put:
            return encode(self._put[link.code])
        self._put[link.code] = link
        return None

    def _text(self, code: str, held: bytes) -> bytes:
        return encode(self._put[code]) if code in self._put else held


def import_links(
    store: LinkStore,
    rows: Iterable[Row],
    *,
    shelf: Rehearsal | None = None,
    changes_links: bool = False,
    only: Precondition = ANY,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> Iterator[Outcome]:
    """Store the rows' links and yield what became of each, in the rows' order.

    A code that already leads to the same target is unchanged, so an import can be repeated. Counts
    of clicks that rows tell of are kept (:mod:`app.links.imported`).

    Args:
        shelf: where to put them instead of the store.
        changes_links: whether links that are there are changed to what their rows say.
        only: what each link has to be; of others a row learns no more than that the code is taken.
        now_ms: clock in Unix milliseconds.

    Raises:
        RedisUnavailable, RedisRefused: the rows after the last outcome are not dealt with.
    """
    importer = _Importer(store, shelf or store, only, changes_links=changes_links)
    waiting, began_ms = iter(rows), now_ms()
    while piece := list(islice(waiting, _PIECE)):
        outcomes = list(importer.store(piece))
        if shelf is None:
            store.imported.note(_counts(piece, outcomes), began_ms)
        yield from outcomes


def _counts(piece: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return by code what rows tell of clicks, of links that are there now."""
    return {
        outcome.code: row.link.clicks
        for row, outcome in zip(piece, outcomes, strict=True)
        if isinstance(row.link, NewLink) and row.link.clicks is not None
        if outcome.kind != "refused"
    }


class _Importer:
    """Stores rows, some at a time."""

    def __init__(
        self,
        store: LinkStore,
        shelf: LinkStore | Rehearsal,
        only: Precondition,
        *,
        changes_links: bool,
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._only = only
        self._changes_links = changes_links
        self._updated: dict[str, Link] = {}

    def store(self, piece: Sequence[Row]) -> Iterator[Outcome]:
        """Store rows, in one round trip but for made-up codes that are taken and changed links."""
        self._updated.clear()
        drafts = [self._draft(row.link) for row in piece]
        links = [draft for draft in drafts if isinstance(draft, Link)]
        in_the_way = iter(self._shelf.put_new(links) if links else [])
        for row, draft in zip(piece, drafts, strict=True):
            if isinstance(draft, Link) and isinstance(row.link, NewLink):
                yield self._outcome(row.line, row.link, draft, next(in_the_way))
            elif isinstance(draft, InvalidLink):
                # Of the line as a whole the reader says all.
                reason = draft.faults.get("line") or str(draft)
                yield Outcome(row.line, "refused", reason=reason)

    def _draft(self, new: NewLink | InvalidLink) -> Link | InvalidLink:
        if isinstance(new, InvalidLink):
            return new
        try:
            if new.deleted:
                return _tombstone(new, self._only)
            link = self._store.draft(new.given, code=new.code, created_ms=new.created_ms)
            self._only.require_after(link)
        except InvalidLink as error:
            return error
        return link

    def _outcome(self, line: int, new: NewLink, link: Link, held: bytes | None) -> Outcome:
        if held is not None and new.code is None:
            try:
                link = self._shelf.put_elsewhere(link)
            except CodeTaken as error:
                return Outcome(line, "refused", reason=str(error))
            held = None
        if held is None:
            return Outcome(line, "created", link.code)
        try:
            other = decode(link.code, held)
        except CorruptLink as error:
            return Outcome(line, "refused", link.code, str(error))
        if other.deleted and not link.deleted:
            reason = f"the code {link.code!r} belonged to a deleted link and stays taken"
            return Outcome(line, "refused", link.code, reason)
        return self._compared(line, new, link, other)

    def _compared(self, line: int, new: NewLink, link: Link, other: Link) -> Outcome:
        """Return what becomes of a row whose link is there, perhaps another one."""
        # What stood in the way did so before an earlier row of the same code changed it.
        other = self._updated.get(link.code, other)
        if not self._only.concerns(other):
            return Outcome(line, "refused", link.code, f"the code {link.code!r} is taken")
        differing = _differing(new, link, other)
        if differing and self._changes_links and not link.deleted:
            return self._update(line, link.code, differing)
        if "target" in differing:
            reason = f"the code {link.code!r} is taken: it leads to {other.target}"
            return Outcome(line, "refused", link.code, reason)
        reason = ", ".join(f"{name} is {getattr(other, name)!r}" for name in differing)
        return Outcome(line, "unchanged", link.code, reason)

    def _update(self, line: int, code: str, given: Mapping[str, object]) -> Outcome:
        try:
            self._updated[code] = self._shelf.update(code, given, only=self._only)
        except (InvalidLink, LinkNotFound, LinkContended) as error:
            # Others may have changed or deleted it since it was read.
            return Outcome(line, "refused", code, str(error))
        return Outcome(line, "updated", code)


def _differing(new: NewLink, link: Link, other: Link) -> dict[str, object]:
    """Return the options, as they were given, in which a link is another than the one there."""
    if link.deleted:
        return {} if other.deleted else {"target": ""}
    return {
        name: value
        for name, value in new.given.items()
        if getattr(link, name) != getattr(other, name)
        and not (name == "target" and is_same(link.target, other.target))
    }


def _tombstone(new: NewLink, only: Precondition) -> Link:
    if only.tags:
        raise InvalidLink("deleted", "a deleted link has no tags, of which one has to be there")
    if new.code is None or not codes.is_valid(new.code):
        raise InvalidLink("code", f"{new.code!r} can't be one: {codes.EXPECTED}")
    created_ms = new.created_ms or 0
    return tombstone(new.code, created_ms, created_ms)
