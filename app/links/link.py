"""Contract that all share who read or write links: a short link, and its JSON in Redis."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, get_type_hints

import orjson

State = Literal["live", "disabled", "deleted", "expired", "used_up"]
RedirectStatus = Literal[301, 302, 303, 307, 308]

REDIRECT_STATUSES: tuple[RedirectStatus, ...] = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a code leads, and on which terms.

    Attributes:
        target: absolute http(s) URL in ASCII; empty once deleted.
        created_ms, updated_ms: Unix milliseconds.
        expires_at: Unix seconds from which the link answers 410, or None.
        click_limit: clicks after which the link answers 410, or None.
        forward_query: whether a visit's query string is added to the target's.
        cache_control: Cache-Control of the redirect, or None for the default.
        disabled: whether the owner switched the link off.
        deleted: whether only the tombstone is left, which answers 410 and keeps the code taken.
    """

    code: str
    target: str
    created_ms: int
    updated_ms: int
    status: RedirectStatus = 302
    expires_at: int | None = None
    click_limit: int | None = None
    forward_query: bool = False
    cache_control: str | None = None
    tags: tuple[str, ...] = ()
    title: str = ""
    disabled: bool = False
    deleted: bool = False

    def state(self, now: float, uses: int = 0) -> State:
        """Return what the link is at a time in Unix seconds, once so many clicks are used."""
        if self.deleted:
            return "deleted"
        if self.disabled:
            return "disabled"
        if self.expires_at is not None and now >= self.expires_at:
            return "expired"
        if self.click_limit is not None and uses >= self.click_limit:
            return "used_up"
        return "live"


def tombstone(code: str, created_ms: int, updated_ms: int) -> Link:
    """Return what a deleted link leaves."""
    return Link(code=code, target="", created_ms=created_ms, updated_ms=updated_ms, deleted=True)


class LinkNotFound(Exception):
    """No link has this code; the text names it."""


class LinkDeleted(LinkNotFound):
    """The link was deleted, and only its tombstone is left."""


class CodeTaken(Exception):
    """Another link has the chosen code, or had it before it was deleted."""


class LinkChanged(Exception):
    """Somebody else has changed the link since the version that was to be changed."""


class LinkContended(Exception):
    """Too many editors changed the link at the same time; the same call may work later."""


class CorruptLink(Exception):
    """The bytes under a link's key are not a link; the text names the code and the fault."""


def encode(link: Link) -> bytes:
    """Return the link as the JSON that Redis holds; fields at their defaults are left out."""
    held = {name: getattr(link, name) for name in _KINDS}
    return orjson.dumps({name: value for name, value in held.items() if value != _default(name)})


def terms(link: Link) -> dict[str, Any]:
    """Return what the JSON says of a link's terms: without when it was made and changed."""
    held: dict[str, Any] = orjson.loads(encode(link))
    return {name: value for name, value in held.items() if name not in _STAMPS}


def decode(code: str, raw: bytes) -> Link:
    """Read a link back; names that this version doesn't know are ignored.

    Raises:
        CorruptLink: when the bytes are no link.
    """
    try:
        held: dict[str, Any] = orjson.loads(raw)
        known = {name: value for name, value in held.items() if name in _KINDS}
        for name, value in known.items():
            if not isinstance(value, _KINDS[name]):
                raise TypeError(f"{name} is {value!r}")
        known["tags"] = tuple(known.get("tags", ()))
        return Link(code=code, **known)
    except (orjson.JSONDecodeError, TypeError, AttributeError) as error:
        raise CorruptLink(f"link {code!r} can't be read: {error}") from None


def version(link: Link) -> str:
    """Return what tells a link from what it was before and will be after every change."""
    return blake2b(encode(link), digest_size=12).hexdigest()


def is_tombstone(raw: bytes | None) -> bool:
    """Tell whether a deleted link left this text; what can't be read is none."""
    # Most are no tombstones, and reading each takes time.
    if raw is None or b'"deleted"' not in raw:
        return False
    try:
        return decode("", raw).deleted
    except CorruptLink:
        return False


#: What JSON holds for each field but the code.
_KINDS: dict[str, Any] = {**get_type_hints(Link), "status": int, "tags": list}
del _KINDS["code"]
#: Names that say nothing of where a link leads.
_STAMPS = frozenset(("created_ms", "updated_ms"))


def _default(name: str) -> object:
    return Link.__dataclass_fields__[name].default
