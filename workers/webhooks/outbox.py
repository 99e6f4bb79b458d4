"""Outbox that holds in Redis what waits to be delivered, and how far webhooks were told."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.stores.keys import (
    WEBHOOK_BYTES,
    WEBHOOK_EXPIRIES,
    WEBHOOK_HEALTH,
    WEBHOOK_LEASE,
    WEBHOOK_PLACES,
)
from app.stores.redis.client import despite_full
from app.stores.redis.errors import translated
from app.stores.scripts import script
from app.webhooks.deliveries import ERASURES, NO_PLACE, Holder, Place, enqueue_arguments
from app.webhooks.delivery import (
    Delivery,
    State,
    decode,
    encode,
    envelope,
    new_id,
    unpack,
    without_answers,
)
from app.webhooks.health import Health
from app.webhooks.health import encode as encode_health
from app.webhooks.webhook import Webhook, keys_of

if TYPE_CHECKING:
    import redis

#: How long the lease lasts that is renewed each second or sooner.
LEASE_SECONDS = 10.0
#: Ended deliveries that are kept of a webhook, of each end.
_KEPT = 100
#: How long it is remembered that webhooks were told of what they are told of once.
_REMEMBERED_MS = 30 * 86_400_000
_NO_LEASE, _TOLD_ALREADY, _ERASED = -1, -2, -2
#: Deliveries that are made due in one round trip.
_PIECE = 1000


class LeaseLost(Exception):
    """Another host tells webhooks by now, or a step of ours was taken whose reply wasn't heard."""


class Outbox:
    """What waits; every call blocks for Redis.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
        holder: a name that no process had before.
        retry_seconds: how long a delivery is tried.
        most_bytes: that may wait for all webhooks together.
        now: clock in Unix seconds.

    Attributes:
        on_lost: is told, for each delivery that found no room, of its webhook.

    Every method raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        holder: str,
        retry_seconds: float,
        most_bytes: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._url = url
        self._holder = holder
        self._retry_ms = round(retry_seconds * 1000)
        self._most_bytes = most_bytes
        self._share = most_bytes
        self._now = now
        self._erasures = ""
        self.on_lost: Callable[[str], None] = lambda _: None

    def try_lease(self) -> bool:
        """Take or renew the lease; False while it is another's."""
        return self._lease(round(LEASE_SECONDS * 1000))

    def give_back(self) -> None:
        """Let another host take the lease at once."""
        self._lease(0)

    def note_webhooks(self, count: int) -> None:
        """Share the room among so many webhooks."""
        self._share = self._most_bytes // max(count, 1)

    def places(self) -> dict[str, str]:
        """Return how far webhooks were told, by where it is read: who asks begins anew."""
        with translated(self._url):
            held: Any = self._client.hgetall(WEBHOOK_PLACES)
        self._erasures = held.pop(ERASURES.encode(), b"").decode()
        return {name.decode(): place.decode() for name, place in held.items()}

    def tell(
        self,
        event: str,
        at_ms: int,
        to: Iterable[Webhook],
        data: Mapping[str, object],
        *,
        place: Place = NO_PLACE,
        once: str = "",
    ) -> None:
        """Have webhooks told of what happened, unless they were: as :meth:`enqueue`."""
        body = envelope(event, at_ms, data)
        messages = [(self.message(webhook, event), body) for webhook in to]
        self.enqueue(messages, place=place, once=once)

    def message(self, webhook: Webhook, event: str, clicks: int = 0) -> Delivery:
        """Return a delivery that does not wait yet."""
        now_ms = self._now_ms()
        return Delivery(
            id=new_id(now_ms),
            webhook=webhook.id,
            event=event,
            created_ms=now_ms,
            until_ms=now_ms + self._retry_ms,
            clicks=clicks,
        )

    def enqueue(
        self,
        messages: Sequence[tuple[Delivery, bytes]],
        *,
        place: Place = NO_PLACE,
        once: str = "",
    ) -> None:
        """Have deliveries wait, and note in the same step how far webhooks were told.

        Args:
            messages: deliveries with their bodies.
            place: how far they are told with them.
            once: name of what they are told of once.

        Raises:
            LeaseLost: another host tells webhooks by now, clicks were erased meanwhile, or the
                place is another; nothing was done.
        """
        now_ms = self._now_ms()
        keys, texts = enqueue_arguments(
            messages,
            now_ms,
            self._share,
            holder=Holder(self._holder, self._erasures),
            place=place,
            once=once,
            forget_ms=now_ms + _REMEMBERED_MS,
        )
        with translated(self._url):
            reply: Any = self._client.eval(
                script("app.webhooks", "enqueue"), len(keys), *keys, *texts
            )
        if reply == _NO_LEASE:
            raise LeaseLost
        for webhook_id in () if reply == _TOLD_ALREADY else reply:
            self.on_lost(webhook_id.decode())

    def due(self, wanted: Mapping[str, tuple[int, float]]) -> dict[str, list[str]]:
        """Return ids of deliveries by webhook, the longest waiting first.

        Args:
            wanted: by webhook how many, and when they are due at the latest, in Unix milliseconds.
        """
        asked = self._client.pipeline(transaction=False)
        for webhook_id, (count, latest_ms) in wanted.items():
            waiting = keys_of(webhook_id)[1]
            asked.zrange(waiting, "-inf", latest_ms, byscore=True, offset=0, num=count)
        with translated(self._url):
            found = asked.execute() if wanted else []
        return {
            webhook_id: [delivery_id.decode() for delivery_id in ids]
            for webhook_id, ids in zip(wanted, found, strict=True)
        }

    def load(self, webhook_id: str, ids: Sequence[str]) -> list[tuple[Delivery, bytes]]:
        """Return deliveries with their bodies; those that are gone are missing."""
        *_, records, bodies = keys_of(webhook_id)
        with translated(self._url):
            texts: Any = self._client.hmget(records, list(ids))
            packed: Any = self._client.hmget(bodies, list(ids))
        pairs = ((decode(text or b""), body) for text, body in zip(texts, packed, strict=True))
        return [(delivery, unpack(body)) for delivery, body in pairs if delivery and body]

    def finish(self, delivery: Delivery, state: State, score_ms: int) -> bool:
        """Note what became of a delivery; False where it is gone, as with its webhook.

        Args:
            score_ms: when it is due again, or was ended.

        Raises:
            LeaseLost: another host delivers by now, and nothing was done.
        """
        keys = [WEBHOOK_LEASE, WEBHOOK_BYTES, *keys_of(delivery.webhook)]
        while True:
            ended = encode(replace(delivery, state=state))
            texts = (delivery.webhook, delivery.id, ended, state, score_ms, _KEPT, delivery.clicks)
            with translated(self._url):
                reply: Any = self._client.eval(
                    script("app.webhooks", "finish"), len(keys), *keys, self._holder, *texts
                )
            if reply == _NO_LEASE:
                raise LeaseLost
            if reply != _ERASED:
                return bool(reply)
            # Clicks were erased while it was on its way, and its receiver may have repeated them.
            with translated(self._url):
                text: Any = self._client.hget(keys[-2], delivery.id)
            held = decode(text or b"")
            delivery = replace(without_answers(delivery), clicks=held.clicks if held else 0)

    def wake(self, webhook_id: str) -> None:
        """Make all that waits for a webhook due at once, for its receiver is well again."""
        waiting, now_ms = keys_of(webhook_id)[1], self._now_ms()
        with translated(self._url):
            ids: Any = self._client.zrange(waiting, f"({now_ms}", "+inf", byscore=True)
            for start in range(0, len(ids), _PIECE):
                due = dict.fromkeys(ids[start : start + _PIECE], now_ms)
                self._client.zadd(waiting, due, xx=True)

    def note_health(self, webhook_id: str, health: Health) -> None:
        """Keep how a receiver fares."""
        text = encode_health(health)
        note = despite_full(WEBHOOK_HEALTH, "HSET", WEBHOOK_HEALTH, webhook_id, text)
        with translated(self._url):
            self._client.execute_command(*note)  # type: ignore[no-untyped-call]

    def note_expiries(self, expiries: Mapping[str, int | None]) -> None:
        """Keep when links expire, in Unix seconds by code; None for never."""
        ahead = {code: at for code, at in expiries.items() if at is not None}
        never = [code for code, at in expiries.items() if at is None]
        with translated(self._url):
            if ahead:
                self._client.zadd(WEBHOOK_EXPIRIES, ahead)
            if never:
                self._client.zrem(WEBHOOK_EXPIRIES, *never)

    def expired(self, limit: int) -> list[str]:
        """Return codes of links whose time has come, the first first."""
        with translated(self._url):
            found: Any = self._client.zrange(
                WEBHOOK_EXPIRIES, "-inf", int(self._now()), byscore=True, offset=0, num=limit
            )
        return [code.decode() for code in found]

    def forget_expiries(self) -> None:
        """Forget when links expire, for nobody is told any more."""
        with translated(self._url):
            self._client.delete(WEBHOOK_EXPIRIES)

    def _lease(self, milliseconds: int) -> bool:
        lease = script("workers.webhooks", "lease")
        with translated(self._url):
            reply: Any = self._client.eval(lease, 1, WEBHOOK_LEASE, self._holder, str(milliseconds))
        return bool(reply)

    def _now_ms(self) -> int:
        return round(self._now() * 1000)
