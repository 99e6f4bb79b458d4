"""Finding that says whether webhooks get what they are to be told."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from app.config.settings import Settings
from app.health.check import Check, ok, warn
from app.stores.keys import WEBHOOK_LEASE
from app.stores.redis.errors import translated
from app.webhooks.deliveries import open_deliveries
from app.webhooks.health import Health
from app.webhooks.store import open_webhooks
from app.webhooks.webhook import Webhook

if TYPE_CHECKING:
    import redis


def webhook_check(client: "redis.Redis", settings: Settings) -> Check:
    """Look at the webhooks of an installation.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't answer as it should.
    """
    webhooks = open_webhooks(settings).all()
    with translated(settings.redis_url):
        is_told = bool(client.exists(WEBHOOK_LEASE))
    return judge_webhooks(webhooks, open_deliveries(settings).health(), is_told=is_told)


def judge_webhooks(
    webhooks: Sequence[Webhook], health: Mapping[str, Health], *, is_told: bool
) -> Check:
    """Judge how the receivers fare.

    Args:
        health: of those of which something is known, by id.
        is_told: whether somebody tells webhooks.
    """
    if not webhooks:
        return ok("webhooks", "none")
    if not is_told:
        return warn(
            "webhooks",
            f"nobody tells the {len(webhooks)} webhooks what happens",
            "start the workers: `hopline workers`, and look at their log",
        )
    stopped = [f"{one.id} is disabled: {one.reason}" for one in webhooks if one.reason]
    known = [(one, health[one.id]) for one in webhooks if one.id in health and not one.disabled]
    failing = [f"{one.id} fails: {fares.error}" for one, fares in known if fares.failures > 1]
    lost = [f"{one.id} has lost {fares.lost:,} deliveries" for one, fares in known if fares.lost]
    if wrong := [*stopped, *failing, *lost]:
        mend = "see `hopline webhooks list` and `hopline webhooks deliveries`"
        return warn("webhooks", "; ".join(wrong), mend)
    return ok("webhooks", f"{len(webhooks)}, all of them well")
