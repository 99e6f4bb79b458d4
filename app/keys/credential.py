"""Credential that a program sends to show that it holds a key: ``hop_<id>_<secret>``.

The secret has 238 random bits, so that a plain SHA-256 keeps it: nobody can try them all.
"""

import hashlib
import re
import secrets
import string
from dataclasses import dataclass, field
from typing import Self

_PREFIX = "hop"
_ID_LETTERS = string.digits + string.ascii_lowercase
_SECRET_LETTERS = string.digits + string.ascii_letters
_ID_LENGTH = 12
_SECRET_LENGTH = 40
_ID = rf"[{_ID_LETTERS}]{{{_ID_LENGTH}}}"
_FORM = re.compile(rf"{_PREFIX}_({_ID})_([{_SECRET_LETTERS}]{{{_SECRET_LENGTH}}})", re.ASCII)
_ONLY_ID = re.compile(_ID, re.ASCII)


@dataclass(frozen=True, slots=True)
class Credential:
    """Which key, and the proof that it is held; the proof stays out of logs."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def make(cls, key_id: str | None = None) -> Self:
        """Return one with a new secret, of a key that there is or of a new one."""
        return cls(
            key_id or _random(_ID_LETTERS, _ID_LENGTH), _random(_SECRET_LETTERS, _SECRET_LENGTH)
        )

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return what a text is, or None when it is none."""
        found = _FORM.fullmatch(text)
        return cls(found[1], found[2]) if found else None

    @property
    def text(self) -> str:
        """What a program sends."""
        return f"{_PREFIX}_{self.id}_{self.secret}"

    @property
    def sha256(self) -> str:
        """What is kept of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


def id_in(text: str) -> str | None:
    """Return the id that a person means by an id or by a whole key; None when it is neither."""
    credential = Credential.parse(text)
    if credential:
        return credential.id
    return text if _ONLY_ID.fullmatch(text) else None


def _random(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))
