"""History of a link: each version that it was, from the trail of changes, and a way back to one.

Rule 1: a version is what stands now with the changes since then undone. A line that doesn't say
        what stands is of a change that was not made (on a cluster a kill may leave one), and is
        skipped.
Rule 2: who sees only links with some tags sees the versions that carried one of them, and of a
        change from another what it came to.
Rule 3: a deleted link comes back only as what it was: its code leads nowhere that it didn't lead
        before. Of a limited link's clicks those that were used stay used.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any

import orjson

from app.changes.change import Change, undone
from app.changes.trail import Line, Trail
from app.links.editor import SWAPS
from app.links.json import to_plain
from app.links.link import Link, LinkChanged, LinkContended, LinkNotFound, decode, terms, version
from app.links.precondition import ANY, Precondition
from app.links.store import LinkStore
from app.times import rfc3339

#: Version before the first line that the trail has: what was made along with others, or long ago.
FIRST = "first"


class VersionNotFound(Exception):
    """The history of a link has no such version; the text names both."""


class CannotRestore(Exception):
    """A version can't be restored; the text says why."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a link was after a change.

    Attributes:
        id: of the change's line; :data:`FIRST` where no line tells of it.
        change: what was changed to it; None where nobody knows.
    """

    id: str
    link: Link
    change: Change | None

    @property
    def made_ms(self) -> int:
        """Since when the link was so, in Unix milliseconds."""
        return self.link.updated_ms


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a history, newest version first; ``after`` is None when this is the end."""

    versions: tuple[Version, ...]
    after: str | None


def versions(link: Link, lines: Iterable[Line]) -> Iterator[Version]:
    """Yield what a link is and was, newest first.

    Args:
        lines: of its changes, newest first.
    """
    told: Mapping[str, Any] = terms(link)
    for line in lines:
        before = undone(told, line.change)
        if before is None:
            continue
        yield Version(line.id, _link(link, told, line.made_ms), line.change)
        if "target" not in before:
            return
        told = before
    yield Version(FIRST, _link(link, told, link.created_ms), None)


def seen(found: Iterable[Version], only: Precondition) -> Iterator[Version]:
    """Yield versions as somebody sees them who sees only some links: see rule 2."""
    if not only.tags:
        yield from found
        return
    nothing = Version("", Link(code="", target="", created_ms=0, updated_ms=0), None)
    for each, older in pairwise((*found, nothing)):
        shows_older = only.concerns(older.link)
        if only.concerns(each.link) or (each.link.deleted and shows_older):
            change = each.change
            if change and not shows_older:
                change = replace(change, before={})
            yield replace(each, change=change)


class History:
    """Knows what links were, and makes them so again.

    Every method blocks for Redis, and raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(self, store: LinkStore, trail: Trail) -> None:
        self._store = store
        self._trail = trail

    def page(
        self, code: str, *, after: str | None = None, limit: int = 50, only: Precondition = ANY
    ) -> Page:
        """Return versions of a link, which may be deleted, newest first.

        Args:
            after: id of the version behind which the page starts.
            only: of whose links.

        Raises:
            LinkNotFound: there never was such a link.
            VersionNotFound: ``after`` is none of its versions.
        """
        _, _, found = self._read(code, only)
        if after is not None:
            place = [each.id for each in found].index(_of(found, code, after).id)
            found = found[place + 1 :]
        page = tuple(islice(found, limit))
        return Page(page, page[-1].id if len(found) > limit else None)

    def restore(self, code: str, version_id: str, only: Precondition = ANY) -> Link:
        """Make a link again what it was, also one that was deleted, and return it.

        Args:
            only: what it has to be now, and then.

        Raises:
            LinkNotFound: there never was such a link.
            VersionNotFound: it has no such version.
            CannotRestore: the version is that of a deleted link, or its clicks are not known.
            LinkChanged: the link is another version than it has to be.
            InvalidLink: links can't be like that any more.
            LinkContended: others kept changing it.
        """
        for _ in range(SWAPS):
            raw, link, found = self._read(code, only)
            if only.versions is not None and version(link) not in only.versions:
                raise LinkChanged(f"the link {code!r} was changed by somebody else meanwhile")
            held = _of(found, code, version_id).link
            self._require_restorable(link, held)
            restored = self._store.editor.stamped(held, link)
            only.require_after(restored)
            if self._store.editor.exchange(raw, link, restored):
                return restored
        raise LinkContended(f"the link {code!r} is being changed by others: try again")

    def _require_restorable(self, link: Link, held: Link) -> None:
        if held.deleted:
            raise CannotRestore("that version is a deleted link: delete the link instead")
        self._store.check({"target": held.target})
        if link.deleted and held.click_limit is not None and not self._store.has_uses(link.code):
            raise CannotRestore(
                f"how many clicks of {link.code!r} were used is no longer known, so that its limit"
                " can't be kept: restore a version without one"
            )

    def _read(self, code: str, only: Precondition) -> tuple[bytes, Link, tuple[Version, ...]]:
        """Return a link's text, the link, and the versions that are seen, of one moment."""
        for _ in range(SWAPS):
            raw = self._store.editor.read(code)
            lines = list(self._trail.of(code))
            if raw == self._store.editor.read(code):
                link = decode(code, raw)
                known = tuple(versions(link, lines))
                found = tuple(seen(known, only))
                if not found or found[0].id != known[0].id:
                    raise LinkNotFound(f"no link has the code {code!r}")
                return raw, link, found
        raise LinkContended(f"the link {code!r} is being changed by others: try again")


def describe(found: Version) -> dict[str, object]:
    """Return a version as programs read it."""
    change = found.change
    author = change.author if change else None
    return {
        "version": found.id,
        "made_at": rfc3339(found.made_ms),
        "what": change.what if change else None,
        "who": author.who if author else None,
        "name": author.name if author else None,
        "via": author.via if author else None,
        "request_id": author.request_id if author else None,
        "from": change.before if change else {},
        "to": change.after if change else {},
        "link": to_plain(found.link),
    }


def _of(found: Iterable[Version], code: str, version_id: str) -> Version:
    """Return the version with an id.

    Raises:
        VersionNotFound: there is none.
    """
    for each in found:
        if each.id == version_id:
            return each
    raise VersionNotFound(f"the link {code!r} has no version {version_id!r}")


def _link(link: Link, told: Mapping[str, Any], updated_ms: int) -> Link:
    """Return what a link was when its terms were these."""
    times = {"created_ms": link.created_ms, "updated_ms": updated_ms}
    return decode(link.code, orjson.dumps({**told, **times}))
