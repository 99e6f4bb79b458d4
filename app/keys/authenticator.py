"""Authenticator that tells who asks, by what stands in a request's Authorization header."""

import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from app.config.access import bearer, carries
from app.keys.caller import ANYBODY, GO_BETWEEN, METRICS_READER, TOKEN_HOLDER, Caller
from app.keys.credential import Credential
from app.keys.key import ApiKey, proves
from app.keys.lookup import KeyLookup
from app.keys.sessions import Session
from app.keys.signature import Signed

#: Why someone is not let in.
Reason = Literal["missing", "malformed", "unknown", "expired", "revoked"]


class Unauthorized(Exception):
    """A request is not let in; the text says why, for whoever sent it.

    Attributes:
        reason: one word for it.
        key_id: of the key, where one was named.
    """

    def __init__(self, reason: Reason, text: str, key_id: str = "") -> None:
        super().__init__(text)
        self.reason: Reason = reason
        self.key_id = key_id


class Authenticator:
    """Lets callers in.

    Args:
        keys: finds keys.
        token: that opens everything; None for none.
        metrics_token: that opens the metrics alone; None for none.
        now: clock in Unix seconds.
    """

    def __init__(
        self,
        keys: KeyLookup,
        token: str | None,
        metrics_token: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._tokens = [token] if token else []
        self._metrics_tokens = [metrics_token] if metrics_token else []
        self._now = now

    def admit(
        self,
        authorization: str | None,
        *,
        is_local: bool,
        is_for_another: bool = False,
        asks_metrics: bool = False,
    ) -> Caller:
        """Return who asks.

        Args:
            authorization: the header as WSGI has it; None where there is none.
            is_local: whether it comes from this machine.
            is_for_another: whether what sent it did so for whoever that may be.

        Raises:
            Unauthorized: nobody whom we know.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        if is_local and not self._demands(asks_metrics=asks_metrics):
            return GO_BETWEEN if is_for_another else ANYBODY
        sent = bearer(authorization)
        if sent is None:
            raise Unauthorized("missing", "Send a key: Authorization: Bearer hop_….")
        if carries(authorization, self._tokens):
            return TOKEN_HOLDER
        if asks_metrics and carries(authorization, self._metrics_tokens):
            return METRICS_READER
        credential = Credential.parse(sent)
        if credential is None:
            raise Unauthorized("malformed", "This is neither a key nor the console's token.")
        return self._holder(credential.id, credential.sha256)

    def sign_in(self, text: str) -> Session:
        """Return the session of who sends a key or the console's token.

        Raises:
            Unauthorized: it opens nothing.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        caller = self.admit(f"Bearer {text}", is_local=False)
        credential = Credential.parse(text)
        if caller is TOKEN_HOLDER or credential is None:
            return Session(caller.id, _sha256(text))
        return Session(caller.id, credential.sha256)

    def resume(self, session: Session) -> Caller:
        """Return whose session it is.

        Raises:
            Unauthorized: what was sent at sign-in opens nothing any more.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        if session.holder == TOKEN_HOLDER.id:
            digests = map(_sha256, self._tokens)
            if any(hmac.compare_digest(session.sha256, digest) for digest in digests):
                return TOKEN_HOLDER
            raise Unauthorized("unknown", "The console's token was changed.")
        return self._holder(session.holder, session.sha256)

    def is_open_here(self) -> bool:
        """Tell whether who asks on this machine needs nothing.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        return not self._demands(asks_metrics=False)

    def admit_signed(self, signed: Signed | None) -> Caller:
        """Return who asks in the language of YOURLS; nobody does without a key, wherever he is.

        Args:
            signed: what the request carries; None for nothing.

        Raises:
            Unauthorized: nobody whom we know.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        if signed is None:
            raise Unauthorized("missing", "Please log in")
        now = self._now()
        if not signed.is_timely(now):
            raise Unauthorized("expired", "Please log in")
        # Each is compared with, so that time doesn't tell which one is nearly right.
        proven = [key for key in self._keys.signing() if signed.proves(key, now)]
        if not proven:
            raise Unauthorized("unknown", "Please log in")
        _require_live(proven[0], now)
        self._keys.note_use(proven[0].id, now)
        return proven[0].caller

    def _demands(self, *, asks_metrics: bool) -> bool:
        """Tell whether this machine has to send something, too.

        The metrics tell nothing of links, and are there when Redis is not.
        """
        if asks_metrics:
            return bool(self._tokens or self._metrics_tokens)
        return bool(self._tokens) or self._keys.has_keys()

    def _holder(self, key_id: str, sha256: str) -> Caller:
        now = self._now()
        key = self._keys.find(key_id)
        # Nothing is told of a key to who can't prove that it is theirs.
        if not proves(key, sha256, now) or key is None:
            raise Unauthorized("unknown", "No key of this console is this one.", key_id)
        _require_live(key, now)
        self._keys.note_use(key.id, now)
        return key.caller


def _sha256(text: str) -> str:
    # Whatever a form sends, lone surrogates as well.
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _require_live(key: ApiKey, now: float) -> None:
    state = key.state(now)
    if state == "revoked":
        raise Unauthorized("revoked", "This key was revoked.", key.id)
    if state == "expired":
        at = datetime.fromtimestamp(key.expires_at or 0, UTC)
        raise Unauthorized("expired", f"This key expired at {at:%Y-%m-%dT%H:%M:%SZ}.", key.id)
