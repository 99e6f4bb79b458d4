"""Signature that a client of YOURLS sends to show that it holds a key: plain, or good for a while.

YOURLS takes ``signature=SIGNATURE``, or ``timestamp=SECONDS`` with the digest of both texts, one
after the other in either order (https://docs.yourls.org/guide/advanced/passwordless-api.html). Such
a digest can be checked only by who knows the signature itself, so that it is kept as it is.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Self

from app.keys.key import ApiKey

#: Seconds by which a timestamp may be off, as YOURLS has it (YOURLS_NONCE_LIFE).
LIFE_SECONDS = 43_200
#: Digests that are good enough to keep a signature secret, by what a client names in ``hash``.
_HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
#: As many bits as nobody can try.
_BYTES = 16
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a client is given as its secret; it stays out of logs."""

    text: str = field(repr=False)

    @classmethod
    def make(cls) -> Self:
        """Return a new one; it names no key."""
        return cls(secrets.token_hex(_BYTES))


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request carries.

    Attributes:
        signature: the text itself, or with a timestamp a digest.
        timestamp: Unix seconds as text; None for a plain signature.
        hash_name: of the digest.
    """

    signature: str = field(repr=False)
    timestamp: str | None = None
    hash_name: str = "md5"

    def is_timely(self, now: float) -> bool:
        """Tell whether a digest is young enough, and of a kind that we take; a plain text is."""
        if self.timestamp is None:
            return True
        is_known = self.hash_name in _HASHES and _TIMESTAMP.fullmatch(self.timestamp)
        return bool(is_known) and abs(now - int(self.timestamp)) < LIFE_SECONDS

    def proves(self, key: ApiKey, now: float) -> bool:
        """Tell whether who sent it holds a key, in the same steps whether so or not.

        Args:
            now: Unix seconds; :meth:`is_timely` has been asked.
        """
        is_current = self._is_of(key.signature)
        is_old = self._is_of(key.old_signature)
        return is_current or (is_old and now < key.old_until)

    def _is_of(self, signature: str) -> bool:
        if self.timestamp is None:
            expected = [signature]
        else:
            texts = (f"{self.timestamp}{signature}", f"{signature}{self.timestamp}")
            expected = [self._digest(text) for text in texts]
        same = [_is_same(self.signature, text) for text in expected]
        return bool(signature) and any(same)

    def _digest(self, text: str) -> str:
        return hashlib.new(self.hash_name, text.encode(), usedforsecurity=False).hexdigest()


def _is_same(text: str, other: str) -> bool:
    return hmac.compare_digest(text.encode(errors="surrogatepass"), other.encode())
