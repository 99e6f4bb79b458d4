"""A deliverer that runs in a thread of a test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry

from app.config.settings import Settings
from app.metrics.workers import WebhookMetrics
from app.webhooks.store import WebhookStore, open_webhooks
from workers.process.heartbeat import Heartbeat, Pulse
from workers.webhooks.bootstrap import make_deliverer
from workers.webhooks.deliverer import Deliverer


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


@contextmanager
def delivering(
    settings: Settings, name: str = "one", prepare: Callable[[Deliverer], None] | None = None
) -> Iterator[CollectorRegistry]:
    """Tell and deliver for as long as the block lasts; yields what it counts."""
    registry, stop = CollectorRegistry(), FakeStop()
    pulse = Pulse(Heartbeat())
    deliverer = make_deliverer(settings, name, pulse, stop, WebhookMetrics(registry))  # type: ignore[arg-type]
    if prepare:
        prepare(deliverer)
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
        thread.join(30)
        assert not thread.is_alive()
        for failure in failures:
            raise failure


def add_webhook(settings: Settings, url: str, *events: str, **given: Any) -> Any:
    """Add a webhook to an installation that allows receivers on this machine."""
    store: WebhookStore = open_webhooks(settings)
    return store.add({"url": url, "events": list(events), **given})
