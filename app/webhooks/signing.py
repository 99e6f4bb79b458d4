"""Signatures that show a receiver who sent a delivery, after the Standard Webhooks specification.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

#: What a secret begins with.
PREFIX = "whsec_"
#: Random bytes of a secret; the specification allows 24 to 64.
_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a secret that nobody had before: ``whsec_`` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(secret: str, delivery_id: str, timestamp: int, body: bytes) -> str:
    """Return a signature: ``v1,`` and the base64 of an HMAC-SHA256.

    Args:
        secret: as :func:`new_secret` returns it.
        timestamp: Unix seconds.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b"%s.%d.%s" % (delivery_id.encode(), timestamp, body)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def signed_headers(
    secrets_: Sequence[str], delivery_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the header fields that say what a delivery is, and that it is ours.

    Args:
        secrets_: all that are good, of which a receiver knows one at least.
        timestamp: Unix seconds of this try.
    """
    signatures = (sign(secret, delivery_id, timestamp, body) for secret in secrets_)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
