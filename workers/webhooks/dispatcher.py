"""Dispatcher that sends what is due, and decides by the answers what becomes of it."""

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from app.logs.throttle import ThrottledLog
from app.metrics.workers import WebhookMetrics
from app.version import __version__
from app.webhooks.deliveries import URGENT_MS
from app.webhooks.delivery import Attempt, Delivery, State
from app.webhooks.health import Health
from app.webhooks.signing import signed_headers
from app.webhooks.webhook import Webhook
from workers.webhooks.outbox import Outbox
from workers.webhooks.schedule import (
    FAILURES_BEFORE_REST,
    reason,
    rest_seconds,
    retry_after_seconds,
    retry_seconds,
    verdict,
)
from workers.webhooks.sending import Answer

logger = logging.getLogger(__name__)

#: Deliveries that are on their way to one receiver that is well.
PARALLEL = 4
#: Between two notes of a receiver's health that say nothing new but when.
_NOTE_SECONDS = 5.0
#: Since when a receiver fails that counts as failing.
_FAILING_MS = 60_000

Send = Callable[[str, Mapping[str, str], bytes], Answer]


class _Result(NamedTuple):
    webhook: Webhook
    delivery: Delivery
    began: float
    seconds: float
    answer: Answer


class Dispatcher:
    """Sends deliveries, each in a thread of its own, so that no receiver keeps another waiting.

    To a receiver that fails go no further deliveries but one now and then, until one gets through;
    then all that waits does.

    Args:
        send: as :meth:`workers.webhooks.sending.Sender.send`.
        disable: is told of a webhook that gets nothing more, and why.
        retry_seconds: how long a delivery is tried.
        now: clock in Unix seconds.
        clock: clock in seconds that never goes back.
    """

    def __init__(
        self,
        outbox: Outbox,
        send: Send,
        disable: Callable[[str, str], object],
        metrics: WebhookMetrics,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        outbox.on_lost = self.note_lost
        self._send = send
        self._disable = disable
        self._metrics = metrics
        self._now = now
        self._clock = clock
        self._results: queue.SimpleQueue[_Result] = queue.SimpleQueue()
        self._on_their_way: dict[str, set[str]] = {}
        self._health: dict[str, Health] = {}
        self._unnoted: set[str] = set()
        #: By webhook what it was when it was disabled here, and when it was last seen.
        self._stopped: dict[str, int] = {}
        self._met: dict[str, tuple[str, int]] = {}
        self._throttled = ThrottledLog(logger, interval_seconds=60.0)

    @property
    def count(self) -> int:
        """How many deliveries are on their way."""
        return sum(map(len, self._on_their_way.values()))

    def begin(self, health: Mapping[str, Health]) -> None:
        """Begin with how receivers are known to fare."""
        self._health = dict(health)

    def health_of(self, webhook_id: str) -> Health:
        """Return how a receiver fares."""
        return self._health.get(webhook_id, Health())

    def note_lost(self, webhook_id: str) -> None:
        """Note that there was no room for a delivery."""
        health = self.health_of(webhook_id)
        self._health[webhook_id] = replace(health, lost=health.lost + 1)
        self._unnoted.add(webhook_id)
        self._metrics.lost.inc()
        self._throttled.warning(
            webhook_id,
            "webhook %s lost a delivery: what waits for it fills its share of"
            " HOPLINE_WEBHOOK_BACKLOG_BYTES",
            webhook_id,
        )

    def show(self, webhooks: Sequence[Webhook], waiting: Mapping[str, int]) -> None:
        """Show how many deliveries wait, how many receivers fail, and what was lost."""
        while self._unnoted:
            webhook_id = self._unnoted.pop()
            self._outbox.note_health(webhook_id, self.health_of(webhook_id))
        late_ms = self._now() * 1000 - _FAILING_MS
        live = [self.health_of(webhook.id) for webhook in webhooks if not webhook.disabled]
        self._metrics.failing.set(sum(0 < each.failing_since_ms < late_ms for each in live))
        self._metrics.waiting.set(sum(waiting.values()))

    def start(self, webhooks: Sequence[Webhook]) -> None:
        """Send what is due to webhooks that are enabled.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        wanted = self._wanted(webhooks)
        found = self._outbox.due(wanted)
        for webhook in webhooks:
            ids = found.get(webhook.id, ())
            new = [each for each in ids if each not in self._on_their_way.get(webhook.id, ())]
            room = wanted.get(webhook.id, (0, 0))[0] - len(self._on_their_way.get(webhook.id, ()))
            if new and room > 0:
                for delivery, body in self._outbox.load(webhook.id, new[:room]):
                    self._start(webhook, delivery, body)

    def _wanted(self, webhooks: Sequence[Webhook]) -> dict[str, tuple[int, float]]:
        """Return how many of each receiver's deliveries to look at, and due when at the latest."""
        wanted: dict[str, tuple[int, float]] = {}
        now_ms = self._now() * 1000
        for webhook in webhooks:
            self._meet(webhook)
            health = self.health_of(webhook.id)
            if webhook.disabled or self._stopped.get(webhook.id) == webhook.since_ms:
                continue
            if now_ms < health.paused_until_ms:
                wanted[webhook.id] = (1, URGENT_MS)
            elif health.failures >= FAILURES_BEFORE_REST:
                # Whatever comes next tells whether the receiver is well again.
                wanted[webhook.id] = (1, math.inf)
            else:
                wanted[webhook.id] = (1 if health.failures else PARALLEL, now_ms)
        return wanted

    def _meet(self, webhook: Webhook) -> None:
        """Begin anew with a receiver that is another by now, or was enabled again."""
        known = self._met.get(webhook.id)
        self._met[webhook.id] = met = (webhook.url, webhook.since_ms)
        if known not in (None, met):
            health = self.health_of(webhook.id)
            self._health[webhook.id] = Health(delivered_ms=health.delivered_ms, lost=health.lost)
            self._outbox.note_health(webhook.id, self._health[webhook.id])
            self._outbox.wake(webhook.id)

    def _start(self, webhook: Webhook, delivery: Delivery, body: bytes) -> None:
        self._on_their_way.setdefault(webhook.id, set()).add(delivery.id)
        run = threading.Thread(
            target=self._run, args=(webhook, delivery, body), name="delivery", daemon=True
        )
        run.start()

    def _run(self, webhook: Webhook, delivery: Delivery, body: bytes) -> None:
        now, began = self._now(), self._clock()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Hopline/{__version__}",
            **signed_headers(webhook.secrets(now), delivery.id, int(now), body),
        }
        answer = self._send(webhook.url, headers, body)
        self._results.put(_Result(webhook, delivery, now, self._clock() - began, answer))

    def settle(self, wait_seconds: float) -> None:
        """Note what became of deliveries, after waiting for the first of them at most so long.

        Raises:
            LeaseLost: another host delivers by now.
            RedisUnavailable, RedisRefused: Redis doesn't do its part; what isn't noted is sent
                again, under its id.
        """
        try:
            result = self._results.get(timeout=wait_seconds)
            while True:
                self._on_their_way[result.webhook.id].discard(result.delivery.id)
                self._settle(result)
                result = self._results.get_nowait()
        except queue.Empty:
            return

    def _settle(self, result: _Result) -> None:
        answer, webhook = result.answer, result.webhook
        attempt = Attempt(
            at_ms=round(result.began * 1000),
            seconds=result.seconds,
            status=answer.status,
            error=reason(answer),
            answer=answer.text,
        )
        delivery, now_ms = result.delivery.tried(attempt), round(self._now() * 1000)
        outcome = verdict(answer)
        self._metrics.attempts.labels(outcome).inc()
        if outcome == "delivered":
            if self._outbox.finish(delivery, "delivered", now_ms):
                self._succeeded(webhook, now_ms)
            return
        wait_seconds = retry_after_seconds(
            answer.retry_after, datetime.fromtimestamp(self._now(), UTC)
        )
        due_ms = now_ms + round(max(retry_seconds(delivery.tries), wait_seconds) * 1000)
        is_over = now_ms >= delivery.until_ms
        state: State = "failed" if is_over else "waiting"
        if not self._outbox.finish(delivery, state, now_ms if is_over else due_ms):
            return
        self._failed(webhook, attempt, wait_seconds, now_ms)
        if outcome == "gone":
            self._stop(webhook, "its receiver answered 410 Gone")
        elif is_over:
            self._metrics.given_up.inc()
            if self.health_of(webhook.id).delivered_ms < delivery.created_ms:
                self._stop(webhook, f"nothing got through any more: {attempt.error}")

    def _succeeded(self, webhook: Webhook, now_ms: int) -> None:
        before = self.health_of(webhook.id)
        is_news = before.failures or now_ms - before.delivered_ms > _NOTE_SECONDS * 1000
        self._health[webhook.id] = before.succeeded(now_ms)
        if is_news:
            self._outbox.note_health(webhook.id, self._health[webhook.id])
        if before.failures >= FAILURES_BEFORE_REST:
            logger.info("the receiver of webhook %s is well again", webhook.id)
        if before.failures:
            self._outbox.wake(webhook.id)

    def _failed(self, webhook: Webhook, attempt: Attempt, wait_seconds: float, now_ms: int) -> None:
        before = self.health_of(webhook.id)
        rest = max(rest_seconds(before.failures + 1), wait_seconds)
        error = " ".join(filter(None, (str(attempt.status or ""), attempt.error)))
        after = before.failed(now_ms, error, now_ms + round(rest * 1000))
        self._health[webhook.id] = after
        self._outbox.note_health(webhook.id, after)
        if after.failures == FAILURES_BEFORE_REST:
            logger.warning("the receiver of webhook %s fails: %s", webhook.id, error)

    def _stop(self, webhook: Webhook, why: str) -> None:
        if self._stopped.get(webhook.id) == webhook.since_ms:
            return
        self._stopped[webhook.id] = webhook.since_ms
        logger.error("disabled webhook %s: %s", webhook.id, why)
        self._metrics.disabled.inc()
        self._disable(webhook.id, why)
