"""Contract that all share who write or read the trail: a change, and its entry in Redis.

It lies in a stream that is bounded by number, whose entry ids say when each change was made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import orjson

from app.changes.author import Author

What = Literal[
    "link.created",
    "link.changed",
    "link.deleted",
    "link.restored",
    "links.created",
    "key.added",
    "key.rotated",
    "key.revoked",
    "key.restored",
    "share.added",
    "share.revoked",
    "share.restored",
    "letter.requeued",
    "letter.purged",
    "webhook.added",
    "webhook.changed",
    "webhook.rotated",
    "webhook.disabled",
    "webhook.deleted",
    "webhook.restored",
]
WHATS: tuple[What, ...] = get_args(What)

#: Lines that are kept, if they are of a few hundred bytes each as most are: see note.lua.
MOST = 100_000

#: Field of lines that came out of a backup: webhooks aren't told of what these tell of again.
RESTORED = b"restored"


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        what: what was done.
        subject: code of the link, or id of the key, webhook or dead letter; '' for many at once.
        author: who did it.
        before, after: what is another than it was: fields by name, as JSON holds them.
        count: of the links or letters.
    """

    what: What
    subject: str
    author: Author
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    count: int = 1


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields in which two differ: as they were, and as they are."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


def undone(now: Mapping[str, Any], change: Change) -> dict[str, Any] | None:
    """Return what fields were before a change; None where they aren't what it made of them."""
    names = {*change.before, *change.after}
    if any(now.get(name) != change.after.get(name) for name in names):
        return None
    rest = {name: value for name, value in now.items() if name not in names}
    return {**rest, **change.before}


def to_entry(change: Change) -> list[str | bytes]:
    """Return names and values of a change's entry in turn, but for its count."""
    author = change.author
    pairs: dict[str, str | bytes] = {
        "what": change.what,
        "subject": change.subject,
        "who": author.who,
        "via": author.via,
        "name": author.name,
        "request": author.request_id,
        "from": orjson.dumps(change.before) if change.before else "",
        "to": orjson.dumps(change.after) if change.after else "",
    }
    return [part for name, value in pairs.items() if value for part in (name, value)]


def from_entry(entry: Mapping[bytes, bytes]) -> Change | None:
    """Return the change of an entry; None for one that a later version knows, or nobody does."""
    told = {name.decode(): value.decode(errors="replace") for name, value in entry.items()}
    what = next((each for each in WHATS if each == told.get("what")), None)
    if what is None:
        return None
    try:
        return Change(
            what,
            told.get("subject", ""),
            Author(
                who=told.get("who", ""),
                via=told.get("via", ""),
                name=told.get("name", ""),
                request_id=told.get("request", ""),
            ),
            orjson.loads(told.get("from", "{}")),
            orjson.loads(told.get("to", "{}")),
            int(told.get("count", "1")),
        )
    except ValueError:
        return None


def difference_text(change: Change) -> str:
    """Return in what a change has made its subject another, for a row of a table."""
    if change.what == "links.created":
        return f"{change.count:,} links"
    names = [*change.before, *(name for name in change.after if name not in change.before)]
    return ", ".join(
        f"{name}: {_text(change.before.get(name))} → {_text(change.after.get(name))}"
        for name in names
    )


def _text(value: object) -> str:
    return "" if value is None else orjson.dumps(value).decode()
