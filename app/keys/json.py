"""API keys as programs read them: everything but what proves that one is held."""

from collections.abc import Mapping

from app.keys.key import ApiKey
from app.times import rfc3339


def describe(key: ApiKey, used_at: Mapping[str, int], now: float) -> dict[str, object]:
    """Return a key as JSON holds it, times as RFC 3339 in UTC.

    Args:
        used_at: Unix seconds of the last use by id.
        now: Unix seconds.
    """
    return {
        "id": key.id,
        "name": key.name,
        "state": key.state(now),
        "scopes": list(key.scopes),
        "tags": list(key.tags),
        "yourls": key.is_of_yourls,
        "created_at": rfc3339(key.created_ms),
        "expires_at": _time(key.expires_at),
        "last_used_at": _time(used_at.get(key.id)),
        "revoked_at": None if key.revoked_ms is None else rfc3339(key.revoked_ms),
    }


def _time(unix_seconds: int | None) -> str | None:
    return None if unix_seconds is None else rfc3339(unix_seconds * 1000)
