"""Contract that all share who read or write API keys: a key, and its JSON in Redis."""

import hmac
from dataclasses import dataclass, field
from typing import Any, Literal, get_type_hints

import orjson

from app.keys.caller import SCOPES, Caller, Scope

State = Literal["live", "expired", "revoked"]

#: What a secret is compared with where there is no key: no text has this digest that is known.
NO_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key.

    Attributes:
        id: what names it; it is no secret.
        name: what people call it.
        sha256: of its secret, in hexadecimal.
        scopes: what its holder may do.
        tags: of the links that its holder sees; none for all.
        created_ms: Unix milliseconds.
        expires_at: Unix seconds from which on it is refused, or None.
        revoked_ms: when it was revoked, or None.
        old_sha256: of the secret before the last one, which is good until ``old_until``.
        old_until: Unix seconds.
        signature: what a client of YOURLS signs with; '' for a key that is sent as a credential,
            of which only a digest is kept.
        old_signature: the one before, as ``old_sha256``.
    """

    id: str
    name: str
    sha256: str
    scopes: tuple[Scope, ...]
    created_ms: int
    tags: tuple[str, ...] = ()
    expires_at: int | None = None
    revoked_ms: int | None = None
    old_sha256: str = NO_DIGEST
    old_until: int = 0
    signature: str = field(default="", repr=False)
    old_signature: str = field(default="", repr=False)

    def state(self, now: float) -> State:
        """Return what the key is at a time in Unix seconds."""
        if self.revoked_ms is not None:
            return "revoked"
        return "live" if self.expires_at is None or now < self.expires_at else "expired"

    @property
    def is_of_yourls(self) -> bool:
        """Whether it is good for the interface of YOURLS, and for nothing else."""
        return bool(self.signature)

    @property
    def caller(self) -> Caller:
        """Who holds it."""
        return Caller(self.id, self.name, frozenset(self.scopes), self.tags)


class CorruptKey(Exception):
    """The bytes under a key's id are no key; the text names the id and the fault."""


def proves(key: ApiKey | None, sha256: str, now: float) -> bool:
    """Tell whether a secret's digest is that of a key, in the same steps whether there is one.

    Args:
        now: Unix seconds.
    """
    current, old, old_until = NO_DIGEST, NO_DIGEST, 0
    if key:
        current, old, old_until = key.sha256, key.old_sha256, key.old_until
    is_current = hmac.compare_digest(sha256, current)
    is_old = hmac.compare_digest(sha256, old)
    return key is not None and (is_current or (is_old and now < old_until))


def encode(key: ApiKey) -> bytes:
    """Return the key as the JSON that Redis holds; fields at their defaults are left out."""
    held = {name: getattr(key, name) for name in _KINDS}
    return orjson.dumps({name: value for name, value in held.items() if value != _default(name)})


def decode(key_id: str, raw: bytes) -> ApiKey:
    """Read a key back; names and scopes that this version doesn't know are ignored.

    Raises:
        CorruptKey: when the bytes are no key.
    """
    try:
        held: dict[str, Any] = orjson.loads(raw)
        known = {name: value for name, value in held.items() if name in _KINDS}
        for name, value in known.items():
            if not isinstance(value, _KINDS[name]):
                raise TypeError(f"{name} is {value!r}")
        known["scopes"] = tuple(scope for scope in SCOPES if scope in known.get("scopes", ()))
        known["tags"] = tuple(map(str, known.get("tags", ())))
        return ApiKey(id=key_id, **known)
    except (orjson.JSONDecodeError, TypeError, AttributeError) as error:
        raise CorruptKey(f"the API key {key_id!r} can't be read: {error}") from None


#: What JSON holds for each field but the id.
_KINDS: dict[str, Any] = {**get_type_hints(ApiKey), "scopes": list, "tags": list}
del _KINDS["id"]


def _default(name: str) -> object:
    return ApiKey.__dataclass_fields__[name].default
