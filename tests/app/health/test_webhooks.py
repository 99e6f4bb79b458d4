from typing import Any

import pytest

from app.health.webhooks import judge_webhooks, webhook_check
from app.stores.redis.client import connect
from app.webhooks.health import Health
from app.webhooks.webhook import Webhook


def make(webhook_id: str, **given: Any) -> Webhook:
    held = {"url": "", "events": (), "secret": "", "created_ms": 0, "since_ms": 0}
    return Webhook(id=webhook_id, **{**held, **given})


@pytest.mark.parametrize(
    ("webhook", "health", "text"),
    [
        (make("a"), Health(), "1, all of them well"),
        (make("a"), Health(failures=1), "1, all of them well"),
        (make("a"), Health(failures=2, error="503"), "a fails: 503"),
        (make("a"), Health(lost=7), "a has lost 7 deliveries"),
        (
            make("a", disabled=True, reason="410 Gone"),
            Health(failures=9),
            "a is disabled: 410 Gone",
        ),
        (make("a", disabled=True), Health(failures=9), "1, all of them well"),
    ],
)
def test_receivers_that_are_not_well_are_named(webhook: Webhook, health: Health, text: str) -> None:
    found = judge_webhooks([webhook], {"a": health}, is_told=True)
    assert found.text == text
    assert found.state == ("ok" if "well" in text else "warn")


def test_webhooks_that_nobody_tells_are_a_finding() -> None:
    assert judge_webhooks([make("a")], {}, is_told=False).state == "warn"
    assert judge_webhooks([], {}, is_told=False).state == "ok"


def test_an_installation_without_webhooks_is_well(make_settings: Any, redis_url: str) -> None:
    with connect(redis_url, timeout_seconds=30) as client:
        assert webhook_check(client, make_settings(redis_url=redis_url)).text == "none"
