"""Many links at once: each is created, found unchanged or refused, and none stops the others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol

from app import codes
from app.link_options import InvalidLink
from app.link_plain import NewLink
from app.link_store import LinkStore
from app.links import CorruptLink, Link, decode, encode
from app.targets import is_same

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
    """What became of a row; reason says why it was refused."""

    line: int
    kind: Literal["created", "unchanged", "refused"]
    code: str = ""
    reason: str = ""


class Shelf(Protocol):
    """Where new links are put; see :meth:`app.link_store.LinkStore.put_new`."""

    def put_new(self, links: Sequence[Link]) -> list[bytes | None]:
        """Store each link whose code is free; return what stands in the way of the others."""

    def put_elsewhere(self, link: Link) -> Link:
        """Store a link whose made-up code is taken under another, and return it."""


class Rehearsal:
    """A shelf that stores nothing and answers as the store would."""

    def __init__(self, store: LinkStore) -> None:
        self._store = store
        self._put: dict[str, bytes] = {}

    def put_new(self, links: Sequence[Link]) -> list[bytes | None]:
        """Return what would stand in each link's way, earlier links among it."""
        stored = self._store.peek([link.code for link in links])
        return [held or self._put_one(link) for link, held in zip(links, stored, strict=True)]

    def put_elsewhere(self, link: Link) -> Link:
        """Return the link as it is: which code it would get is not known beforehand."""
        return link

    def _put_one(self, link: Link) -> bytes | None:
        earlier = self._put.get(link.code)
        self._put.setdefault(link.code, encode(link))
        return earlier


def import_links(
    store: LinkStore, rows: Iterable[Row], *, shelf: Shelf | None = None
) -> Iterator[Outcome]:
    """Store the rows' links and yield what became of each, in the rows' order.

    A code that already leads to the same target is unchanged, so an import can be repeated.

    Args:
        shelf: where to put them instead of the store, such as a :class:`Rehearsal`.

    Raises:
        RedisUnavailable, RedisRefused: the rows after the last outcome are not dealt with.
    """
    waiting = iter(rows)
    while piece := list(islice(waiting, _PIECE)):
        yield from _import_piece(store, piece, shelf or store)


def _import_piece(store: LinkStore, piece: Sequence[Row], shelf: Shelf) -> Iterator[Outcome]:
    drafts = [_draft(store, row) for row in piece]
    links = [draft for draft in drafts if isinstance(draft, Link)]
    in_the_way = iter(shelf.put_new(links) if links else [])
    for row, draft in zip(piece, drafts, strict=True):
        if isinstance(draft, Link):
            yield _outcome(row, draft, next(in_the_way), shelf)
        else:
            yield Outcome(row.line, "refused", reason=str(draft))


def _draft(store: LinkStore, row: Row) -> Link | InvalidLink:
    new = row.link
    if isinstance(new, InvalidLink):
        return new
    try:
        return (
            _tombstone(new)
            if new.deleted
            else store.draft(new.given, code=new.code, created_ms=new.created_ms)
        )
    except InvalidLink as error:
        return error


def _tombstone(new: NewLink) -> Link:
    if new.code is None or not codes.is_valid(new.code):
        raise InvalidLink("code", f"{new.code!r} can't be one: {codes.EXPECTED}")
    created_ms = new.created_ms or 0
    return Link(
        code=new.code, target="", created_ms=created_ms, updated_ms=created_ms, deleted=True
    )


def _outcome(row: Row, link: Link, held: bytes | None, shelf: Shelf) -> Outcome:
    if held is not None and _is_made_up(row):
        link = shelf.put_elsewhere(link)
        held = None
    if held is None:
        return Outcome(row.line, "created", link.code)
    fault = _fault(link, held)
    return Outcome(row.line, "refused" if fault else "unchanged", link.code, fault)


def _is_made_up(row: Row) -> bool:
    return isinstance(row.link, NewLink) and row.link.code is None


def _fault(link: Link, held: bytes) -> str:
    """Return why a link can't have its code, or nothing when it is there already."""
    try:
        other = decode(link.code, held)
    except CorruptLink as error:
        return str(error)
    if other.deleted and not link.deleted:
        return f"the code {link.code!r} belonged to a deleted link and stays taken"
    if not is_same(other.target, link.target):
        return f"the code {link.code!r} is taken: it leads to {other.target}"
    return ""
