"""Store that keeps API keys in Redis: a hash of them by id, and one of when each was last used.

Rule 1: a key changes only by compare-and-set of its whole text.
Rule 2: no key is ever deleted. A revoked one stays, so that it is told apart from one that never
        was, and so that a console which has once had keys never stands open again.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from app.changes.author import Author, local_author
from app.changes.change import MOST, Change, What, difference, to_entry
from app.config.settings import Settings
from app.keys.caller import UNRESTRICTED, YOURLS_SCOPES, Scope
from app.keys.credential import Credential
from app.keys.key import NO_DIGEST, ApiKey, CorruptKey, decode, encode
from app.keys.signature import Signature
from app.stores.keys import API_CHANGES, API_KEYS, API_KEYS_USED
from app.stores.redis.client import connect, despite_full
from app.stores.redis.errors import RedisError, translated
from app.stores.scripts import script

if TYPE_CHECKING:
    import redis

logger = logging.getLogger(__name__)

MAX_NAME = 100
_MINUTE_SECONDS = 60
#: Ends of the names of what proves that a key is held.
_PROOFS = ("sha256", "signature")
#: Editors of one key at the same moment that are waited for.
_SWAPS = 20


class KeyNotFound(Exception):
    """No API key has this id; the text names it."""


class InvalidKey(Exception):
    """A key can't be like that; the text names every field at fault and what was expected.

    Attributes:
        faults: what is wrong with which field.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in faults.items()))
        self.faults = faults


class KeyRevoked(Exception):
    """The key was revoked, and is never good again; the text names it."""


class KeyContended(Exception):
    """Too many editors changed the key at the same time; the same call may work later."""


def open_keys(settings: Settings, author: Author | None = None) -> "KeyStore":
    """Return the store of an installation; it connects when first used."""
    url = settings.redis_url
    client = connect(url, timeout_seconds=settings.redis_timeout_seconds)
    return KeyStore(client, url, author=author)


def may_have_keys(settings: Settings) -> bool:
    """Tell whether an installation has API keys; also while Redis can't say that it has none.

    The console asks for a key whoever comes from another machine, whether there is one or not.
    """
    try:
        return open_keys(settings).has_any()
    except RedisError:
        return True


class KeyStore:
    """Adds, finds and changes keys; every call blocks for Redis.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
        now: clock in Unix seconds.
        author: whose changes they are; by default whoever runs this process.

    Every method raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part, and
    :class:`app.keys.key.CorruptKey` when a key can't be read.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        now: Callable[[], float] = time.time,
        author: Author | None = None,
    ) -> None:
        self._client = client
        self._url = url
        self._now = now
        self._author = author or local_author()

    def by(self, author: Author) -> "KeyStore":
        """Return a store of the same keys, whose changes are the author's."""
        return KeyStore(self._client, self._url, self._now, author)

    def add(
        self,
        name: str,
        scopes: Sequence[Scope],
        *,
        tags: Sequence[str] = (),
        expires_at: int | None = None,
        of_yourls: bool = False,
        key_id: str | None = None,
    ) -> tuple[ApiKey, Credential | Signature]:
        """Store a new key, and return it with what its holder sends.

        Args:
            tags: as links carry them.
            expires_at: Unix seconds.
            of_yourls: whether it shall be good for the interface of YOURLS, and for that alone.
            key_id: one that was made up for it before.

        Raises:
            InvalidKey: there can be no such key.
        """
        _check(name, scopes, tags, of_yourls=of_yourls)
        credential, signature = Credential.make(key_id), Signature.make() if of_yourls else None
        key = ApiKey(
            id=credential.id,
            name=name,
            sha256=NO_DIGEST if signature else credential.sha256,
            signature=signature.text if signature else "",
            scopes=tuple(scopes),
            tags=tuple(tags),
            created_ms=int(self._now() * 1000),
            expires_at=expires_at,
        )
        self._put(b"", key, Change("key.added", key.id, self._author, after=_told(key)))
        return key, signature or credential

    def get(self, key_id: str) -> ApiKey:
        """Return a key.

        Raises:
            KeyNotFound: there is none with this id.
        """
        return decode(key_id, self._read(key_id))

    def has_any(self) -> bool:
        """Tell whether there are keys, refused ones among them."""
        with translated(self._url):
            return bool(self._client.hlen(API_KEYS))

    def all(self) -> list[ApiKey]:
        """Return all keys that can be read, the oldest first, refused ones among them."""
        with translated(self._url):
            held: Any = self._client.hgetall(API_KEYS)
        keys = (_readable(key_id.decode(), raw) for key_id, raw in held.items())
        return sorted(filter(None, keys), key=lambda key: (key.created_ms, key.id))

    def used_at(self) -> Mapping[str, int]:
        """Return by id when keys were last used: Unix seconds of the minute."""
        with translated(self._url):
            held: Any = self._client.hgetall(API_KEYS_USED)
        return {key_id.decode(): int(minute) for key_id, minute in held.items()}

    def note_use(self, key_id: str, now: float) -> None:
        """Note the minute in which a key was used."""
        minute = int(now) // _MINUTE_SECONDS * _MINUTE_SECONDS
        note = despite_full(API_KEYS_USED, "HSET", API_KEYS_USED, key_id, minute)
        with translated(self._url):
            self._client.execute_command(*note)  # type: ignore[no-untyped-call]

    def revoke(self, key_id: str) -> ApiKey:
        """Have a key refused from now on, and return it; one that is already stays as it is.

        Raises:
            KeyNotFound: there is none with this id.
            KeyContended: others kept changing it.
        """
        revoked_ms = int(self._now() * 1000)
        return self._swap(
            "key.revoked",
            key_id,
            lambda key: key if key.revoked_ms is not None else replace(key, revoked_ms=revoked_ms),
        )

    def rotate(
        self, key_id: str, overlap_seconds: int = 0
    ) -> tuple[ApiKey, Credential | Signature]:
        """Give a key a new secret, and return it with what its holder sends from now on.

        Args:
            overlap_seconds: how long the secret before is good still.

        Raises:
            KeyRevoked: it was revoked.
            KeyNotFound: there is none with this id.
            KeyContended: others kept changing it.
        """
        credential, signature = Credential.make(key_id), Signature.make()
        old_until = int(self._now()) + overlap_seconds

        def rotated(key: ApiKey) -> ApiKey:
            if key.revoked_ms is not None:
                raise KeyRevoked(f"the key {key_id} was revoked: add another")
            if key.is_of_yourls:
                return replace(
                    key,
                    signature=signature.text,
                    old_signature=key.signature,
                    old_until=old_until,
                )
            return replace(
                key, sha256=credential.sha256, old_sha256=key.sha256, old_until=old_until
            )

        key = self._swap("key.rotated", key_id, rotated)
        return key, signature if key.is_of_yourls else credential

    def restore(self, key: ApiKey) -> None:
        """Put a key back as it was, unless there is one with its id."""
        self._put(b"", key, Change("key.restored", key.id, self._author, after=_told(key)))

    def _read(self, key_id: str) -> bytes:
        with translated(self._url):
            raw: Any = self._client.hget(API_KEYS, key_id)
        if raw is None:
            raise KeyNotFound(f"no API key has the id {key_id!r}")
        return bytes(raw)

    def _swap(self, what: What, key_id: str, change: Callable[[ApiKey], ApiKey]) -> ApiKey:
        for _ in range(_SWAPS):
            raw = self._read(key_id)
            key = decode(key_id, raw)
            changed = change(key)
            line = Change(what, key_id, self._author, *difference(_told(key), _told(changed)))
            if changed == key or self._put(raw, changed, line):
                return changed
        raise KeyContended(f"the key {key_id} is being changed by others: try again")

    def _put(self, raw: bytes, key: ApiKey, change: Change) -> bool:
        put = script("app.keys", "put")
        texts = (key.id, raw, encode(key), MOST, *to_entry(change))
        with translated(self._url):
            reply: Any = self._client.eval(put, 2, API_KEYS, API_CHANGES, *texts)
        return bool(reply)


def _told(key: ApiKey) -> dict[str, Any]:
    """Return what a line of the trail says of a key: everything but what proves it."""
    told: dict[str, Any] = orjson.loads(encode(key))
    return {name: value for name, value in told.items() if not name.endswith(_PROOFS)}


def _readable(key_id: str, raw: bytes) -> ApiKey | None:
    try:
        return decode(key_id, raw)
    except CorruptKey as error:
        logger.warning("Left out of the list: %s", error)
        return None


def _check(name: str, scopes: Sequence[Scope], tags: Sequence[str], *, of_yourls: bool) -> None:
    faults = {}
    if not (name.strip() and name.isprintable() and len(name) <= MAX_NAME):
        faults["name"] = f"expected 1 to {MAX_NAME} printable characters"
    if not scopes:
        faults["scopes"] = "say what the key may do"
    if of_yourls and not YOURLS_SCOPES.issuperset(scopes):
        faults["scopes"] = (
            f"a key for YOURLS' clients has some of {', '.join(sorted(YOURLS_SCOPES))}"
        )
    if tags and not UNRESTRICTED.isdisjoint(scopes):
        faults["tags"] = (
            "a key with the scope admin or system:read sees all links, whatever their tags"
        )
    if faults:
        raise InvalidKey(faults)
