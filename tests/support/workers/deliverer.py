"""A deliverer that runs in a thread of a test."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from prometheus_client import CollectorRegistry

from app.clicks.click import to_fields
from app.config.settings import Settings
from app.metrics.workers import WebhookMetrics
from app.webhooks.store import WebhookStore, open_webhooks
from tests.support.producers import make_click, send
from tests.support.receivers import Receiver
from workers.process.heartbeat import Heartbeat, Pulse
from workers.webhooks.bootstrap import make_deliverer


class FakeStop:
    """A stop that is asked for by a test."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def is_asked(self) -> bool:
        return self.event.is_set()

    def is_overdue(self) -> bool:
        return False

    def wait(self, seconds: float) -> None:
        self.event.wait(min(seconds, 0.05))


class Clock:
    """Clock that goes as usual, and can be put forward: nothing has to be waited for in hope.

    Attributes:
        ahead_seconds: of the time of day.
    """

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_seconds


@contextmanager
def delivering(
    settings: Settings, name: str = "one", now: Callable[[], float] = time.time
) -> Iterator[CollectorRegistry]:
    """Tell and deliver for as long as the block lasts; yields what it counts."""
    registry, stop = CollectorRegistry(), FakeStop()
    pulse = Pulse(Heartbeat())
    metrics = WebhookMetrics(registry)
    deliverer = make_deliverer(settings, name, pulse, stop, metrics, now=now)  # type: ignore[arg-type]
    failures: list[BaseException] = []

    def run() -> None:
        try:
            deliverer.run()
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        stop.event.set()
        thread.join(120)
        assert not thread.is_alive()
        for failure in failures:
            raise failure


def add_webhook(settings: Settings, url: str, *events: str, **given: Any) -> Any:
    """Add a webhook to an installation that allows receivers on this machine."""
    store: WebhookStore = open_webhooks(settings)
    return store.add({"url": url, "events": list(events), **given})


def click(redis_url: str, *codes: str, **fields: Any) -> list[str]:
    """Send a click of each code; return the ids."""
    clicks = [make_click(short_code=code, **fields) for code in codes]
    send(redis_url, map(to_fields, clicks))
    return [each.click_id.hex() for each in clicks]


def told(one: Receiver) -> list[Any]:
    """Return what a receiver has got, each delivery once."""
    bodies = {request.id: orjson.loads(request.body) for request in one.requests}
    return list(bodies.values())


def clicks_of(one: Receiver) -> list[str]:
    """Return the ids of the clicks that a receiver has got, of each delivery once."""
    return [
        each["click_id"]
        for body in told(one)
        if body["type"] == "click.batch"
        for each in body["data"]["clicks"]
    ]
