"""Shares of a link's report: public addresses that nobody can guess, and that can be taken back.

Redis holds a digest of each address' secret, so that who reads Redis can't look; an address is
shown once, when it is made.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from app.changes.author import Author
from app.changes.change import Change
from app.changes.trail import Trail
from app.config.settings import Settings
from app.links.ranks import Ranks
from app.stores.keys import link_shares_key
from app.stores.redis.client import connect
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

#: 128 bits: as many as in a random UUID, which nobody guesses.
_SECRET_BYTES = 16
_MAX_SECRET = 64
#: Of the digest, by which people and the trail of changes name a share.
_ID_CHARACTERS = 8
#: Addresses of one link at once.
MOST = 50


class ShareNotFound(Exception):
    """No share of the link has this id, or it was taken back."""


class TooManyShares(Exception):
    """The link has as many shares as one may have; the text says how many."""


@dataclass(frozen=True, slots=True)
class Share:
    """An address by which everybody sees a link's report.

    Attributes:
        id: names it, and proves nothing.
        made_ms: Unix milliseconds.
        by: who made it.
    """

    id: str
    made_ms: int
    by: str


class HeldShare(NamedTuple):
    """A share as Redis holds it: by the digest of its secret in hexadecimal."""

    code: str
    sha256: str
    made_ms: int
    by: str


class Shares:
    """Makes, finds and takes back shares; every method blocks for Redis.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
        trail: gets a line for each change.
        clock: Unix seconds.

    Every method raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        trail: Trail,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._url = url
        self._trail = trail
        self._clock = clock

    def add(self, code: str, author: Author) -> tuple[Share, str]:
        """Make a share of a link, and return it with the secret of its address.

        Raises:
            TooManyShares: the link has many already.
        """
        if len(self.of(code)) >= MOST:
            raise TooManyShares(f"{code!r} has {MOST} shares already: take one back first")
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        digest = _digest(secret)
        by = author.name or author.who
        share = Share(digest[:_ID_CHARACTERS], int(self._clock() * 1000), by)
        self._trail.write(Change("share.added", code, author, after={"share": share.id}))
        held = orjson.dumps({"made_ms": share.made_ms, "by": by})
        with translated(self._url):
            self._client.hset(link_shares_key(code), digest, held)
        return share, secret

    def of(self, code: str) -> list[Share]:
        """Return the shares of a link, the newest first."""
        with translated(self._url):
            held: Any = self._client.hgetall(link_shares_key(code))
        found = [_share(digest.decode(), raw) for digest, raw in held.items()]
        return sorted(found, key=lambda share: -share.made_ms)

    def all(self) -> Iterator[HeldShare]:
        """Yield the shares of all links, deleted ones too, which may be restored."""
        for piece in Ranks(self._client, self._url).all_pieces():
            with translated(self._url), self._client.pipeline(transaction=False) as asked:
                for entry in piece:
                    asked.hgetall(link_shares_key(entry.code))
                found = asked.execute()
            for entry, held in zip(piece, found, strict=True):
                for digest, raw in held.items():
                    share = _share(digest.decode(), raw)
                    yield HeldShare(entry.code, digest.decode(), share.made_ms, share.by)

    def restore(self, held: HeldShare, author: Author) -> bool:
        """Put a share back as it was, unless it is there or was taken back since.

        Returns whether it is there.
        """
        share_id, key = held.sha256[:_ID_CHARACTERS], link_shares_key(held.code)
        with translated(self._url):
            if self._client.hget(key, held.sha256) is not None:
                return True
        if any(
            line.change.what == "share.revoked" and line.change.before.get("share") == share_id
            for line in self._trail.of(held.code)
        ):
            return False
        self._trail.write(Change("share.restored", held.code, author, after={"share": share_id}))
        with translated(self._url):
            text = orjson.dumps({"made_ms": held.made_ms, "by": held.by})
            self._client.hset(key, held.sha256, text)
        return True

    def is_good(self, code: str, secret: str) -> bool:
        """Tell whether an address with this secret shows the link's report."""
        if len(secret) > _MAX_SECRET:
            return False
        with translated(self._url):
            return self._client.hget(link_shares_key(code), _digest(secret)) is not None

    def revoke(self, code: str, share_id: str, author: Author) -> None:
        """Take a share back: its address shows nothing from then on.

        Raises:
            ShareNotFound: there is none of this id.
        """
        with translated(self._url):
            digests: Any = self._client.hgetall(link_shares_key(code))
        of_id = [each for each in digests if each.decode()[:_ID_CHARACTERS] == share_id]
        if not of_id:
            raise ShareNotFound(f"{code!r} has no share {share_id!r}")
        gone = {"share": ""}
        line = Change("share.revoked", code, author, before={"share": share_id}, after=gone)
        line_id = self._trail.write(line)
        with translated(self._url):
            removed = self._client.hdel(link_shares_key(code), *of_id)
        if not removed:
            self._trail.take_back(line_id, code)
            raise ShareNotFound(f"{code!r} has no share {share_id!r}")


def open_shares(settings: Settings, trail: Trail) -> Shares:
    """Return the shares of an installation; the connection is made when first used."""
    client = connect(settings.redis_url, timeout_seconds=settings.redis_timeout_seconds)
    return Shares(client, settings.redis_url, trail)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _share(digest: str, raw: bytes) -> Share:
    """Return a share as it is held; what an unknown hand wrote is one of nobody's."""
    try:
        held: dict[str, Any] = orjson.loads(raw)
        return Share(digest[:_ID_CHARACTERS], int(held["made_ms"]), str(held["by"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return Share(digest[:_ID_CHARACTERS], 0, "")
