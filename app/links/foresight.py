"""Foresight that tells what would become of a link which somebody still writes; it stores nothing.

Its verdicts are those of the store: what it finds nothing wrong with is refused only if others were
faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.links import codes
from app.links.link import CorruptLink, Link, decode
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.validation import InvalidLink
from app.times import EPOCH

_TAKEN = "This code is taken."


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be said of a link's options, by their names.

    Attributes:
        faults: why some can't be used.
        notes: what is worth knowing of others.
    """

    faults: Mapping[str, str]
    notes: Mapping[str, str]


def foresee_new(
    store: LinkStore, given: Mapping[str, object], code: str | None, only: Precondition, now: float
) -> Foreseen:
    """Return what would become of a new link.

    Args:
        code: that was chosen, None for one made up.
        only: what the link has to be.
        now: Unix seconds.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    in_the_way = _in_the_way(store, code, only) if code and codes.is_valid(code) else ""
    faults = {"code": in_the_way} if in_the_way else {}
    try:
        link = store.draft(given, code=code)
        only.require_after(link)
    except InvalidLink as error:
        return Foreseen({**faults, **error.faults}, {})
    notes = _notes(store, link, given, only, now)
    if code and not in_the_way:
        notes["code"] = "This code is free."
    return Foreseen(faults, notes)


def foresee_change(
    store: LinkStore, link: Link, given: Mapping[str, object], only: Precondition, now: float
) -> Foreseen:
    """Return what would become of a link that is there; else as :func:`foresee_new`."""
    try:
        changed = store.changed(link, given)
        only.require_after(changed)
    except InvalidLink as error:
        return Foreseen(error.faults, {})
    notes = _notes(store, changed, given, only, now)
    if changed.target == link.target:
        notes.pop("target", None)
    return Foreseen({}, notes)


def _in_the_way(store: LinkStore, code: str, only: Precondition) -> str:
    """Return why a code can't be had; '' if it can."""
    [held] = store.peek([code])
    if held is None:
        return ""
    try:
        link = decode(code, held)
    except CorruptLink:
        return _TAKEN
    # Whose link it is or was, is nobody's business who may not see it.
    if not only.concerns(link):
        return _TAKEN
    if link.deleted:
        return "This code belonged to a link that was deleted, and stays taken."
    return f"This code is taken: it leads to {link.target}"


def _notes(
    store: LinkStore, link: Link, given: Mapping[str, object], only: Precondition, now: float
) -> dict[str, str]:
    notes = {}
    if other := _leads_there(store, link, only):
        notes["target"] = f"/{other} leads there already."
    elif link.target != str(given.get("target", "")).strip():
        notes["target"] = f"Leads to {link.target}"
    if tags := ", ".join(link.tags):
        written = str(given.get("tags", "")).split(",")
        if sorted(each.strip() for each in written if each.strip()) != list(link.tags):
            notes["tags"] = f"Kept as {tags}"
    if link.expires_at is not None:
        at = f"{EPOCH + timedelta(seconds=link.expires_at):%-d %b %Y, %H:%M} UTC"
        is_over = link.expires_at <= now
        notes["expires_at"] = f"{at} is over: nobody could follow it." if is_over else f"Until {at}"
    return notes


def _leads_there(store: LinkStore, link: Link, only: Precondition) -> str | None:
    """Return the code of another link to the same target that whoever asks may see."""
    code = store.targets.find(link.target, only.tags)
    if code is None or code == link.code:
        return None
    [held] = store.peek([code])
    try:
        other = decode(code, held) if held else None
    except CorruptLink:
        return None
    if other is None or other.deleted or not only.concerns(other):
        return None
    return code if other.target == link.target else None
