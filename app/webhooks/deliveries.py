"""Deliveries as people look at them: listed, read, sent again, tried."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from app.config.settings import Settings
from app.stores.keys import (
    WEBHOOK_BYTES,
    WEBHOOK_LEASE,
    WEBHOOK_PLACES,
    WEBHOOK_TOLD,
    WEBHOOKS,
)
from app.stores.redis.client import connect
from app.stores.redis.errors import translated
from app.stores.scripts import script
from app.webhooks.delivery import Delivery, State, decode, encode, envelope, new_id, pack, unpack
from app.webhooks.health import Health, read_health
from app.webhooks.webhook import TEST_EVENT, Webhook, keys_of

if TYPE_CHECKING:
    import redis

#: Deliveries read in one round trip.
_SCAN = 200


#: Among the places: how many erasures there were. Who has read clicks before one begins anew.
ERASURES = "erasures"
#: When that is due which somebody waits for: before all else, and while a receiver rests.
URGENT_MS = 0


class Place(NamedTuple):
    """How far webhooks are told of what is read somewhere.

    Attributes:
        name: where it is read.
        before: the place until now; '' for none, :data:`WHEREVER` whatever it was.
        after: the place from now on; '' to forget it.
    """

    name: str
    before: str
    after: str


class Holder(NamedTuple):
    """Who tells webhooks.

    Attributes:
        name: one that no process had before; '' for who needs no lease.
        erasures: what :data:`ERASURES` was when it began.
    """

    name: str = ""
    erasures: str = ""


WHEREVER = "*"
NO_PLACE = Place("", "", "")
ANYBODY = Holder()


class DeliveryNotFound(Exception):
    """A webhook has no delivery of this id, or none any more; the text names it."""


class NoRoom(Exception):
    """So much waits for the webhook that nothing more is taken; the text names it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a webhook's deliveries; ``after`` is what to ask for next, or None at the end."""

    deliveries: tuple[Delivery, ...]
    after: str | None


def open_deliveries(settings: Settings) -> "Deliveries":
    """Return the deliveries of an installation; they connect when first used."""
    url = settings.redis_url
    client = connect(url, timeout_seconds=settings.redis_timeout_seconds)
    return Deliveries(client, url, settings.webhook_retry_seconds, settings.webhook_backlog_bytes)


class Deliveries:
    """Shows what is and was sent, and has it sent again; every call blocks for Redis.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
        retry_seconds: how long a delivery is tried.
        most_bytes: that may wait.
        now: clock in Unix seconds.

    Every method raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        retry_seconds: float,
        most_bytes: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._url = url
        self._retry_ms = round(retry_seconds * 1000)
        self._most_bytes = most_bytes
        self._now = now

    def page(
        self,
        webhook_id: str,
        *,
        state: State | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page:
        """Return deliveries, the newest first.

        Args:
            state: only those that are in it.
            after: id of the delivery after which the page starts.
            limit: most deliveries on the page.
        """
        all_, *_, records, _ = keys_of(webhook_id)
        found: list[Delivery] = []
        newest = f"({after}" if after else "+"
        while len(found) <= limit:
            with translated(self._url):
                ids: Any = self._client.zrevrangebylex(all_, newest, "-", start=0, num=_SCAN)
                texts: Any = self._client.hmget(records, ids) if ids else []
            deliveries = (decode(raw) for raw in texts if raw)
            found += [each for each in deliveries if each and state in (None, each.state)]
            if len(ids) < _SCAN:
                break
            newest = f"({ids[-1].decode()}"
        shown = tuple(found[:limit])
        return Page(shown, shown[-1].id if len(found) > limit else None)

    def get(self, webhook_id: str, delivery_id: str) -> tuple[Delivery, bytes]:
        """Return a delivery, and its body as it is sent.

        Raises:
            DeliveryNotFound: there is none of this id.
        """
        *_, records, bodies = keys_of(webhook_id)
        with translated(self._url):
            text: Any = self._client.hget(records, delivery_id)
            body: Any = self._client.hget(bodies, delivery_id)
        delivery = decode(text) if text else None
        if delivery is None or body is None:
            raise _missing(webhook_id, delivery_id)
        return delivery, unpack(body)

    def send_again(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Have a delivery sent at once, under the id that it has.

        Raises:
            DeliveryNotFound: there is none of this id.
        """
        keys = (WEBHOOK_BYTES, *keys_of(webhook_id))
        while True:
            delivery, _ = self.get(webhook_id, delivery_id)
            now_ms = round(self._now() * 1000)
            renewed = replace(delivery, state="waiting", until_ms=now_ms + self._retry_ms)
            texts = (webhook_id, delivery_id, encode(renewed), URGENT_MS, delivery.clicks)
            with translated(self._url):
                is_done: Any = self._client.eval(
                    script("app.webhooks", "again"), len(keys), *keys, *texts
                )
            if is_done:
                return renewed

    def send_test(self, webhook: Webhook) -> Delivery:
        """Have a webhook told that somebody tries it, whatever it is told of otherwise.

        Raises:
            NoRoom: too much waits for it.
        """
        now_ms = round(self._now() * 1000)
        delivery = Delivery(
            id=new_id(now_ms),
            webhook=webhook.id,
            event=TEST_EVENT,
            created_ms=now_ms,
            until_ms=now_ms + self._retry_ms,
        )
        told = {"webhook": webhook.id, "name": webhook.name, "events": webhook.events}
        body = envelope(TEST_EVENT, now_ms, told)
        keys, texts = enqueue_arguments(
            [(delivery, body)], now_ms, self._most_bytes, due_ms=URGENT_MS
        )
        with translated(self._url):
            refused: Any = self._client.eval(
                script("app.webhooks", "enqueue"), len(keys), *keys, *texts
            )
        if refused:
            raise NoRoom(f"too much waits for the webhook {webhook.id} already")
        return delivery

    def waiting(self, webhook_ids: Sequence[str]) -> dict[str, int]:
        """Return how many deliveries wait, by webhook."""
        with translated(self._url):
            asked = self._client.pipeline(transaction=False)
            for webhook_id in webhook_ids:
                asked.zcard(keys_of(webhook_id)[1])
            return dict(zip(webhook_ids, asked.execute(), strict=True))

    def health(self) -> dict[str, Health]:
        """Return by webhook how receivers fare; those of which nothing is known are missing."""
        return read_health(self._client, self._url)


def enqueue_arguments(
    deliveries: Sequence[tuple[Delivery, bytes]],
    now_ms: int,
    most_bytes: int,
    *,
    holder: Holder = ANYBODY,
    place: Place = NO_PLACE,
    once: str = "",
    forget_ms: int = 0,
    due_ms: int | None = None,
) -> tuple[list[str], list[str | bytes | int]]:
    """Return keys and arguments of the script that has deliveries wait: see enqueue.lua.

    Args:
        deliveries: each with its body.
        most_bytes: that may wait for one webhook.
        place: how far webhooks are told with them.
        due_ms: when they are due, in Unix milliseconds; by default at once.
    """
    webhooks = list(dict.fromkeys(delivery.webhook for delivery, _ in deliveries))
    keys = [WEBHOOK_LEASE, WEBHOOK_PLACES, WEBHOOK_TOLD, WEBHOOK_BYTES, WEBHOOKS]
    for webhook_id in webhooks:
        keys += keys_of(webhook_id)
    texts: list[str | bytes | int] = [holder.name, now_ms, most_bytes, *place, once, forget_ms]
    texts += [now_ms if due_ms is None else due_ms, holder.erasures]
    for delivery, body in deliveries:
        number = webhooks.index(delivery.webhook) + 1
        texts += [number, delivery.webhook, delivery.id, encode(delivery), pack(body)]
    return keys, texts


def _missing(webhook_id: str, delivery_id: str) -> DeliveryNotFound:
    return DeliveryNotFound(f"the webhook {webhook_id} has no delivery {delivery_id!r}")
