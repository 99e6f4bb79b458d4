"""Health of a webhook's receiver, as who delivers sees it and people read it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from app.stores.keys import WEBHOOK_HEALTH
from app.stores.redis.errors import translated
from app.times import rfc3339
from app.webhooks.webhook import Webhook

if TYPE_CHECKING:
    import redis


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a receiver fares.

    Attributes:
        failures: tries in a row that failed, of whatever delivery.
        failing_since_ms: when the first of them did, in Unix milliseconds; 0 while none does.
        paused_until_ms: before which nothing is sent.
        delivered_ms: when something got through last; 0 for never.
        error: why the last try failed; '' when it didn't.
        lost: what found no room, in deliveries.
    """

    failures: int = 0
    failing_since_ms: int = 0
    paused_until_ms: int = 0
    delivered_ms: int = 0
    error: str = ""
    lost: int = 0

    def succeeded(self, now_ms: int) -> "Health":
        """Return what it is after something got through."""
        return Health(delivered_ms=now_ms, lost=self.lost)

    def failed(self, now_ms: int, error: str, paused_until_ms: int) -> "Health":
        """Return what it is after a try failed."""
        return replace(
            self,
            failures=self.failures + 1,
            failing_since_ms=self.failing_since_ms or now_ms,
            paused_until_ms=paused_until_ms,
            error=error,
        )


def encode(health: Health) -> bytes:
    """Return it as the JSON that Redis holds."""
    return orjson.dumps(asdict(health))


def read_health(client: "redis.Redis", url: str) -> dict[str, Health]:
    """Return by webhook how receivers fare; those of which nothing is known are missing.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    with translated(url):
        held: Any = client.hgetall(WEBHOOK_HEALTH)
    return {webhook_id.decode(): _decode(raw) for webhook_id, raw in held.items()}


def _decode(raw: bytes) -> Health:
    try:
        return Health(**orjson.loads(raw))
    except (ValueError, TypeError):
        return Health()


def describe(
    webhook: Webhook, health: Mapping[str, Health], waiting: Mapping[str, int]
) -> dict[str, object]:
    """Return a webhook as programs read it: everything but its secrets."""
    fares = health.get(webhook.id, Health())
    return {
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "events": list(webhook.events),
        "tags": list(webhook.tags),
        "codes": list(webhook.codes),
        "disabled": webhook.disabled,
        "reason": webhook.reason,
        "created_at": rfc3339(webhook.created_ms),
        "waiting": waiting.get(webhook.id, 0),
        "lost": fares.lost,
        "failures": fares.failures,
        "failing_since": _time(fares.failing_since_ms),
        "last_delivered_at": _time(fares.delivered_ms),
        "last_error": fares.error,
    }


def _time(unix_ms: int) -> str | None:
    return rfc3339(unix_ms) if unix_ms else None
