"""Deliverer: the loop that tells webhooks and sends what waits, on one host at a time."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from app.logs.throttle import OutageLog
from app.stores.redis.errors import RedisError
from app.webhooks.deliveries import Deliveries
from app.webhooks.store import WebhookStore
from app.webhooks.webhook import Webhook
from workers.process.heartbeat import Pulse
from workers.process.signals import Stop
from workers.webhooks.dispatcher import Dispatcher
from workers.webhooks.outbox import LeaseLost, Outbox

logger = logging.getLogger(__name__)

#: Between two looks at what is due, and of a host that has no lease or no Redis.
TURN_SECONDS = 0.05
REST_SECONDS = 1.0
#: Age of what is known of webhooks, and of the lease.
_KNOWN_SECONDS = 1.0


class Feed(Protocol):
    """Tells webhooks of one kind of thing."""

    def begin(self, places: Mapping[str, str]) -> None:
        """Go on where webhooks were told up to."""

    def look(self, webhooks: Sequence[Webhook]) -> None:
        """Tell webhooks of what is new."""


class Deliverer:
    """Turns until it is told to stop; Redis' outages it waits out.

    Args:
        webhooks: all of them.
        deliveries: what waits, and how receivers fare.
        feeds: what webhooks are told of.
        pulse: is beaten in each turn.
        stop: ends it; what is on its way is waited for meanwhile.
    """

    def __init__(
        self,
        outbox: Outbox,
        webhooks: WebhookStore,
        deliveries: Deliveries,
        feeds: Sequence[Feed],
        dispatcher: Dispatcher,
        pulse: Pulse,
        stop: Stop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._feeds = feeds
        self._dispatcher = dispatcher
        self._pulse = pulse
        self._stop = stop
        self._clock = clock
        self._known: list[Webhook] = []
        self._known_until = 0.0
        self._leads = False
        self._outage = OutageLog(logger, "webhooks wait: %s", RedisError)

    def run(self) -> None:
        """Tell and deliver until told to stop."""
        while not self._stop.is_asked():
            self._pulse.beat()
            seconds = REST_SECONDS
            with self._outage.attempt():
                seconds = self._turn()
            if seconds:
                self._stop.wait(seconds)
        self._end()

    def _turn(self) -> float:
        """Do what is to be done; return how long there is nothing more."""
        try:
            if self._clock() >= self._known_until and not self._refresh():
                return REST_SECONDS
            for feed in self._feeds:
                feed.look(self._known)
            self._dispatcher.start(self._known)
            self._dispatcher.settle(TURN_SECONDS)
        except LeaseLost:
            self._lead(leads=False)
            return REST_SECONDS
        except RedisError:
            # What was asked last may have been done: what Redis holds is where to go on.
            self._leads, self._known_until = False, 0.0
            raise
        return 0.0

    def _refresh(self) -> bool:
        """Renew the lease, and look which webhooks there are; False without the lease."""
        if not self._outbox.try_lease():
            self._lead(leads=False)
            return False
        self._known = self._webhooks.all()
        self._outbox.note_webhooks(len(self._known))
        if not self._leads:
            places = self._outbox.places()
            for feed in self._feeds:
                feed.begin(places)
            self._dispatcher.begin(self._deliveries.health())
            self._lead(leads=True)
        self._known_until = self._clock() + _KNOWN_SECONDS
        waiting = self._deliveries.waiting([webhook.id for webhook in self._known])
        self._dispatcher.show(self._known, waiting)
        return True

    def _lead(self, *, leads: bool) -> None:
        if leads != self._leads:
            logger.info("tells webhooks" if leads else "leaves webhooks to another host")
        self._leads = leads
        self._known_until = 0.0

    def _end(self) -> None:
        """Wait for what is on its way, and let another host take over."""
        with self._outage.attempt():
            try:
                while self._leads and self._dispatcher.count and not self._stop.is_overdue():
                    self._pulse.beat()
                    self._dispatcher.settle(TURN_SECONDS)
                if self._leads:
                    self._outbox.give_back()
            except LeaseLost:
                return
