"""What webhooks are told of traffic: links that spike or went quiet, and reports that are late."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from app.config.settings import Settings
from app.health.redis.stream import Backlog
from app.links.store import LinkStore
from app.stores.keys import WEBHOOK_LEASE, WEBHOOKS, link_key
from app.webhooks.store import open_webhooks
from app.webhooks.webhook import Webhook
from tests.support.redirect.fakes import FakeClock
from tests.support.workers.deliverer import add_webhook
from workers.webhooks.outbox import LeaseLost, Outbox
from workers.webhooks.traffic_feed import TrafficFeed

NOW = 1_900_000_000.0


class Heard(Outbox):
    """An outbox that also says what was put into it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.events: list[tuple[str, int, Any]] = []

    def tell(self, event: Any, at_ms: Any, to: Any, data: Any, **rest: Any) -> None:
        self.events.append((event, len(list(to)), data))
        super().tell(event, at_ms, to, data, **rest)


class World:
    def __init__(self, client: redis.Redis, url: str, links: LinkStore) -> None:
        self.clock = FakeClock(NOW)
        self.backlog: Backlog | None = Backlog(0, 0, None)
        self.client, self.url, self.links = client, url, links
        self.begin()

    def begin(self) -> None:
        self.outbox = Heard(self.client, self.url, "me", 60, 1 << 20, self.clock)
        assert self.outbox.try_lease()
        self.feed = TrafficFeed(
            self.outbox, self.links, lambda: self.backlog, self.clock, self.clock
        )
        self.feed.begin(self.outbox.places())

    def late(self, seconds: float | None) -> None:
        self.backlog = Backlog(1, 0, seconds)

    def look(self, webhooks: list[Webhook]) -> list[str]:
        before = len(self.outbox.events)
        self.clock.now += 20
        self.feed.look(webhooks)
        return [name for name, count, _ in self.outbox.events[before:] if count]


@pytest.fixture
def world(client: redis.Redis, redis_url: str, links: LinkStore) -> World:
    return World(client, redis_url, links)


@pytest.fixture
def webhooks(settings: Settings) -> Callable[..., list[Webhook]]:
    def add(*events: str, **given: Any) -> list[Webhook]:
        add_webhook(settings, "https://example.com/", *events, **given)
        return open_webhooks(settings).all()

    return add


def clicked(world: World, code: str, per_hour: int, hours: int) -> None:
    """Have a link clicked steadily until now."""
    gap = 3600 / per_hour
    for number in range(per_hour * hours, 0, -1):
        world.feed._rates.note(code, world.clock.now - number * gap)


def test_reports_that_are_late_are_told_of_once_and_that_they_are_fresh_again(
    world: World, webhooks: Any
) -> None:
    told = webhooks("system.freshness")
    assert world.look(told) == []
    world.late(29)
    assert world.look(told) == []
    world.late(31)
    assert world.look(told) == ["system.freshness"]
    world.late(15)
    assert world.look(told) == []
    world.begin()
    assert world.look(told) == []
    world.backlog = None
    assert world.look(told) == []
    world.late(None)
    assert world.look(told) == ["system.freshness"]
    assert world.outbox.events[-1][2] == {"state": "fresh", "oldest_seconds": 0.0}


def test_a_link_that_went_quiet_is_told_of_unless_nobody_expects_clicks(
    world: World, links: LinkStore, webhooks: Any
) -> None:
    told = webhooks("link.quiet")
    for code in ("live", "off", "gone", "unreadable"):
        links.create({"target": "https://example.com/"}, code=code)
        clicked(world, code, 20, 24)
    world.client.set(link_key("unreadable"), b"\xff")
    links.update("off", {"disabled": True})
    links.delete("gone")
    assert world.look(told) == []
    world.clock.now += 2 * 3600
    world.late(100)
    assert world.look(told) == []
    world.late(None)
    assert world.look(told) == ["link.quiet"]
    data = world.outbox.events[-1][2]
    assert (data["code"], round(data["usual_per_hour"])) == ("live", 20)
    assert world.look(told) == []


def test_rates_outlive_a_process(world: World, links: LinkStore, webhooks: Any) -> None:
    told = webhooks("link.quiet")
    links.create({"target": "https://example.com/"}, code="live")
    clicked(world, "live", 20, 24)
    assert world.look(told) == []
    world.begin()
    world.clock.now += 2 * 3600
    assert world.look(told) == ["link.quiet"]


def test_who_has_lost_the_lease_tells_nothing(
    world: World, client: redis.Redis, webhooks: Any
) -> None:
    told = webhooks("system.freshness")
    client.set(WEBHOOK_LEASE, "another")
    world.late(60)
    with pytest.raises(LeaseLost):
        world.look(told)
    assert client.exists(WEBHOOKS)
