"""Sessions in Redis that browsers hold by a cookie: who signed in, and by which proof.

Rule: a session holds the digest of what was sent at sign-in, never the secret, and each request
      asks anew whether that still opens anything: a revoked key ends its sessions at once. Of the
      cookie only a digest is kept, so that who reads Redis can't hold a session.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import orjson

from app.config.settings import Settings
from app.stores.keys import session_key
from app.stores.redis.client import connect
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

#: Seconds after which a session that nobody uses is over.
IDLE_SECONDS = 12 * 3600
_TOKEN_BYTES = 32
#: No cookie of ours is longer.
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Session:
    """What a session stands for.

    Attributes:
        holder: id of the key, or of the caller that the console's token is.
        sha256: of the secret that was sent, in hexadecimal.
    """

    holder: str
    sha256: str


class Sessions:
    """Begins, finds and ends sessions; every call blocks for Redis.

    Every method raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(self, client: "redis.Redis", url: str) -> None:
        self._client = client
        self._url = url

    def begin(self, session: Session) -> str:
        """Begin a session, and return what the browser has to send."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        held = orjson.dumps([session.holder, session.sha256])
        with translated(self._url):
            self._client.set(_key(token), held, ex=IDLE_SECONDS)
        return token

    def find(self, token: str) -> Session | None:
        """Return the session of what a browser sent, which lives on from now; None for none."""
        if not token or len(token) > _LONGEST:
            return None
        with translated(self._url):
            held: Any = self._client.getex(_key(token), ex=IDLE_SECONDS)
        if held is None:
            return None
        holder, sha256 = orjson.loads(held)
        return Session(holder, sha256)

    def open_among(self, tokens: Iterable[str]) -> set[str]:
        """Return those whose sessions haven't ended, which live no longer for being asked about."""
        asked = sorted(set(tokens))
        with translated(self._url):
            keys = [_key(token) for token in asked]
            held = cast("list[bytes | None]", self._client.mget(keys)) if keys else []
        return {token for token, one in zip(asked, held, strict=True) if one is not None}

    def end(self, token: str) -> None:
        """End a session, if it is one."""
        with translated(self._url):
            self._client.delete(_key(token))


def open_sessions(settings: Settings) -> Sessions:
    """Return the sessions of an installation; they connect when first used."""
    url = settings.redis_url
    return Sessions(connect(url, timeout_seconds=settings.redis_timeout_seconds), url)


def _key(token: str) -> str:
    return session_key(hashlib.sha256(token.encode("utf-8", "replace")).hexdigest())
