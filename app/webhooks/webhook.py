"""Contract that all share who read or write webhooks: a webhook, and its JSON in Redis."""

import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any, Literal, get_args

import orjson

from app.stores.keys import webhook_key

Event = Literal[
    "click.batch",
    "link.created",
    "link.updated",
    "link.deleted",
    "link.expired",
    "link.used_up",
    "link.spike",
    "link.quiet",
    "system.freshness",
]
#: What a webhook may be told of.
EVENTS: tuple[Event, ...] = get_args(Event)
#: What is sent when somebody tries a webhook, whatever it is told of otherwise.
TEST_EVENT = "webhook.test"
#: What tells of no link, so that neither tags nor codes choose.
OF_NO_LINK = frozenset(("system.freshness",))

State = Literal["live", "disabled"]

_ID_LETTERS = string.digits + string.ascii_lowercase
_ID_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Whom to tell, and of what.

    Attributes:
        id: what names it.
        url: where deliveries go, in its normal form.
        events: what it is told of.
        secret: what deliveries are signed with, see :mod:`app.webhooks.signing`.
        created_ms: Unix milliseconds.
        since_ms: from when on it is told of what happens: when it was made, or enabled again.
        name: what people call it.
        tags, codes: of the links that it is told of: with one of the tags, or of the codes; none
            for all links.
        within: of which a link has to carry one beside that, for whoever made it sees no others.
        disabled: whether nothing is sent.
        reason: why it was disabled, if not by a person.
        old_secret: what deliveries are signed with as well until ``old_until``.
        old_until: Unix seconds.
    """

    id: str
    url: str
    events: tuple[Event, ...]
    secret: str
    created_ms: int
    since_ms: int
    name: str = ""
    tags: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    disabled: bool = False
    reason: str = ""
    old_secret: str = ""
    old_until: int = 0

    def secrets(self, now: float) -> list[str]:
        """Return what a delivery is signed with at a time in Unix seconds, the newest first."""
        both = self.old_secret and now < self.old_until
        return [self.secret, self.old_secret] if both else [self.secret]

    def hears(self, event: str, at_ms: int) -> bool:
        """Tell whether it is told of such events of a time in Unix milliseconds."""
        return not self.disabled and event in self.events and at_ms >= self.since_ms

    def chooses(self, code: str, tags: Iterable[str]) -> bool:
        """Tell whether it is told of a link of this code that carries these tags."""
        carried = set(tags)
        if self.within and carried.isdisjoint(self.within):
            return False
        is_for_all = not (self.tags or self.codes)
        return is_for_all or code in self.codes or not carried.isdisjoint(self.tags)


def keys_of(webhook_id: str) -> list[str]:
    """Return the keys of a webhook's deliveries.

    They are sorted sets of the ids of all of them, of those that wait by when they are due, and of
    those that were delivered and that failed by when; hashes of the deliveries and of their bodies.
    """
    names = ("all", "waiting", "delivered", "failed", "deliveries", "bodies")
    return [webhook_key(webhook_id, name) for name in names]


def group_of(group: str) -> str:
    """Return the group by which webhooks hear of the clicks that another group stores."""
    return f"{group}:webhooks"


class CorruptWebhook(Exception):
    """The bytes under a webhook's id are no webhook; the text names the id and the fault."""


def new_id() -> str:
    """Return an id that no webhook had before."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))


def is_id(text: str) -> bool:
    """Tell whether a text may be a webhook's id."""
    return len(text) == _ID_LENGTH and set(text) <= set(_ID_LETTERS)


def encode(webhook: Webhook) -> bytes:
    """Return the webhook as the JSON that Redis holds; fields at their defaults are left out."""
    held = {name: getattr(webhook, name) for name in _FIELDS}
    return orjson.dumps({name: held[name] for name in held if held[name] != _FIELDS[name].default})


def version(webhook: Webhook) -> str:
    """Return what tells a webhook from what it was before and will be after every change."""
    return blake2b(encode(webhook), digest_size=12).hexdigest()


def decode(webhook_id: str, raw: bytes) -> Webhook:
    """Read a webhook back; names and events that this version doesn't know are ignored.

    Raises:
        CorruptWebhook: when the bytes are no webhook.
    """
    try:
        held: dict[str, Any] = orjson.loads(raw)
        known = {name: value for name, value in held.items() if name in _FIELDS}
        for name in ("tags", "codes", "within"):
            known[name] = tuple(map(str, known.get(name, ())))
        known["events"] = tuple(event for event in EVENTS if event in known["events"])
        for name in ("created_ms", "since_ms"):
            known[name] = int(known[name])
        return Webhook(id=webhook_id, **known)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise CorruptWebhook(f"the webhook {webhook_id!r} can't be read: {error}") from None


_FIELDS = {field.name: field for field in fields(Webhook) if field.name != "id"}
