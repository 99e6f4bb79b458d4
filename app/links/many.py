"""Many links changed or deleted at once: each has its outcome, and none stops the others.

What is repeated changes nothing more: a link that is so already is ``unchanged``, and one that is
deleted is, too.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from app.links import codes
from app.links.link import (
    CorruptLink,
    Link,
    LinkChanged,
    LinkContended,
    LinkNotFound,
    decode,
    terms,
    tombstone,
)
from app.links.precondition import ANY, Precondition
from app.links.store import LinkStore
from app.links.validation import InvalidLink

#: Links dealt with in a few round trips.
PIECE = 250

Kind = Literal["updated", "deleted", "unchanged", "not_found", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a link; reason says why it was refused, or isn't there."""

    code: str
    kind: Kind
    reason: str = ""


def bury(link: Link) -> Link:
    """Return what a link leaves that is to be deleted."""
    return tombstone(link.code, link.created_ms, link.updated_ms)


def change_each(
    store: LinkStore,
    codes_given: Iterable[str],
    change: Callable[[Link], Link],
    only: Precondition = ANY,
    *,
    dry_run: bool = False,
) -> Iterator[Outcome]:
    """Change links and yield what became of each, in the order of their codes.

    Args:
        change: what to make of a link; :func:`bury` to delete it. It may raise InvalidLink.
        only: what each has to be.
        dry_run: say what would become of them, and change nothing.

    Raises:
        RedisUnavailable, RedisRefused: the links after the last outcome may be changed or not.
    """
    waiting = iter(codes_given)
    while piece := list(islice(waiting, PIECE)):
        yield from _Piece(store, change, only, dry_run=dry_run).outcomes(piece)


class _Piece:
    """Changes some links in a few round trips."""

    def __init__(
        self,
        store: LinkStore,
        change: Callable[[Link], Link],
        only: Precondition,
        *,
        dry_run: bool,
    ) -> None:
        self._store = store
        self._change = change
        self._only = only
        self._dry_run = dry_run
        self._due: dict[str, tuple[bytes, Link, Link]] = {}

    def outcomes(self, piece: list[str]) -> list[Outcome]:
        sound = [code for code in dict.fromkeys(piece) if codes.is_valid(code)]
        texts = dict(zip(sound, self._store.peek(sound), strict=True))
        found = {code: self._look_at(code, texts.get(code)) for code in dict.fromkeys(piece)}
        if self._due and not self._dry_run:
            found.update(self._carry_out())
        return [found[code] for code in piece]

    def _look_at(self, code: str, raw: bytes | None) -> Outcome:
        if raw is None:
            return Outcome(code, "not_found", f"no link has the code {code!r}")
        try:
            link = decode(code, raw)
            if link.deleted:
                return self._of_deleted(code)
            self._only.require_before(link)
            changed = self._change(link)
            self._only.require_after(changed)
        except LinkNotFound as error:
            return Outcome(code, "not_found", str(error))
        except (CorruptLink, InvalidLink, LinkChanged) as error:
            return Outcome(code, "refused", str(error))
        if terms(changed) == terms(link):
            return Outcome(code, "unchanged")
        self._due[code] = (raw, link, self._store.editor.stamped(changed, link))
        return Outcome(code, "deleted" if changed.deleted else "updated")

    def _of_deleted(self, code: str) -> Outcome:
        if self._change is bury and not self._only.tags:
            return Outcome(code, "unchanged")
        if self._only.tags:
            return Outcome(code, "not_found", f"no link has the code {code!r}")
        return Outcome(code, "not_found", f"the link {code!r} was deleted")

    def _carry_out(self) -> dict[str, Outcome]:
        """Change what is due; return other outcomes than those that were expected."""
        due = list(self._due.values())
        are_done = self._store.editor.exchange_each(due)
        outcomes = list(zip(due, are_done, strict=True))
        done = [each for each, is_done in outcomes if is_done]
        deleted = [before for _, before, after in done if after.deleted]
        self._store.forget_uses(deleted)
        self._store.links.tidy([link.code for link in deleted])
        late = [
            before.code
            for (_, before, _), is_done in zip(due, are_done, strict=True)
            if not is_done
        ]
        return {code: self._once_more(code) for code in late}

    def _once_more(self, code: str) -> Outcome:
        """Change a link that somebody else has changed meanwhile."""
        was = list[Link]()

        def change(link: Link) -> Link:
            was[:] = [link]
            return self._change(link)

        try:
            changed = self._store.editor.swap(code, change, self._only)
        except LinkNotFound as error:
            return Outcome(code, "not_found", str(error))
        except (CorruptLink, InvalidLink, LinkChanged, LinkContended) as error:
            return Outcome(code, "refused", str(error))
        if not changed.deleted:
            return Outcome(code, "updated")
        self._store.forget_uses(was)
        self._store.links.tidy([code])
        return Outcome(code, "deleted")
