"""Store that keeps webhooks in Redis, each change with its line in the trail of changes."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from app.changes.author import Author, local_author
from app.changes.change import MOST, Change, What, difference, to_entry
from app.changes.trail import Trail
from app.config.settings import Settings
from app.keys.caller import Caller
from app.stores.keys import API_CHANGES, WEBHOOK_BYTES, WEBHOOK_HEALTH, WEBHOOKS
from app.stores.redis.client import connect
from app.stores.redis.errors import translated
from app.stores.scripts import script
from app.webhooks.signing import new_secret
from app.webhooks.terms import InvalidWebhook, Terms
from app.webhooks.webhook import CorruptWebhook, Webhook, decode, encode, keys_of, new_id, version

if TYPE_CHECKING:
    import redis

logger = logging.getLogger(__name__)

#: Webhooks that there may be: each hears of every click that it chooses.
MOST_WEBHOOKS = 100
#: How long the secret before is good after a rotation, unless somebody says otherwise.
OVERLAP_SECONDS = 86_400
#: Editors of one webhook at the same moment that are waited for.
_SWAPS = 20


class WebhookNotFound(Exception):
    """No webhook has this id; the text names it."""


class WebhookChanged(Exception):
    """The webhook is another version than the one that somebody changes; the text names it."""


class WebhookContended(Exception):
    """Too many editors changed the webhook at the same time; the same call may work later."""


def open_webhooks(settings: Settings, author: Author | None = None) -> "WebhookStore":
    """Return the store of an installation; it connects when first used."""
    url = settings.redis_url
    client = connect(url, timeout_seconds=settings.redis_timeout_seconds)
    terms = Terms(settings.link_hosts, settings.webhook_allow_private)
    return WebhookStore(client, url, terms, author=author)


class WebhookStore:
    """Adds, finds and changes webhooks; every call blocks for Redis.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
        terms: checks what webhooks are given.
        now: clock in Unix seconds.
        author: whose changes they are; by default whoever runs this process.

    Every method raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part, and
    :class:`app.webhooks.webhook.CorruptWebhook` when a webhook can't be read.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        terms: Terms,
        now: Callable[[], float] = time.time,
        author: Author | None = None,
    ) -> None:
        self._client = client
        self._url = url
        self._terms = terms
        self._now = now
        self._author = author or local_author()

    def by(self, author: Author, caller: Caller) -> "WebhookStore":
        """Return a store whose changes are the author's, and that shows what the caller sees.

        Whoever is restricted to tags sees the webhooks that are restricted to some of them.
        """
        other = copy(self)
        other._author = author
        other._terms = replace(self._terms, within=caller.tags)
        return other

    def add(self, given: Mapping[str, object]) -> Webhook:
        """Store a new webhook, and return it.

        Raises:
            InvalidWebhook: there can be no such webhook, or not one more.
        """
        held = self._terms.check(given, is_new=True)
        now_ms = self._now_ms()
        webhook = Webhook(
            id=new_id(),
            secret=new_secret(),
            created_ms=now_ms,
            since_ms=now_ms,
            within=self._terms.within,
            **held,
        )
        line = Change("webhook.added", webhook.id, self._author, after=_told(webhook))
        if self._put(b"", webhook.id, encode(webhook), line) < 0:
            raise InvalidWebhook({"url": f"there are {MOST_WEBHOOKS} already: delete one first"})
        return webhook

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook.

        Raises:
            WebhookNotFound: there is none with this id.
        """
        return self._read(webhook_id)[1]

    def all(self) -> list[Webhook]:
        """Return all webhooks that can be read, the oldest first."""
        with translated(self._url):
            held: Any = self._client.hgetall(WEBHOOKS)
        webhooks = (_readable(webhook_id.decode(), raw) for webhook_id, raw in held.items())
        seen = [webhook for webhook in webhooks if webhook and self._sees(webhook)]
        return sorted(seen, key=lambda webhook: (webhook.created_ms, webhook.id))

    def update(
        self,
        webhook_id: str,
        given: Mapping[str, object],
        *,
        versions: Collection[str] | None = None,
    ) -> Webhook:
        """Change the given terms of a webhook and leave the others as they are.

        Args:
            versions: of :func:`app.webhooks.webhook.version`, one of which it has to be; None for
                any.

        Raises:
            InvalidWebhook: a term can't be used.
            WebhookChanged: it is none of the versions.
            WebhookNotFound: there is none with this id.
            WebhookContended: others kept changing it.
        """
        held = self._terms.check(given, is_new=False)

        def changed(webhook: Webhook) -> Webhook:
            after = replace(webhook, **held)
            if webhook.disabled and not after.disabled:
                after = replace(after, since_ms=self._now_ms(), reason="")
            return after

        return self._swap("webhook.changed", webhook_id, changed, versions)

    def disable(self, webhook_id: str, reason: str) -> Webhook:
        """Have nothing sent any more, for a reason that people read.

        Raises: what :meth:`update` does.
        """
        return self._swap(
            "webhook.disabled",
            webhook_id,
            lambda webhook: (
                webhook if webhook.disabled else replace(webhook, disabled=True, reason=reason)
            ),
        )

    def rotate(
        self,
        webhook_id: str,
        overlap_seconds: int = OVERLAP_SECONDS,
        *,
        versions: Collection[str] | None = None,
    ) -> Webhook:
        """Give a webhook a new secret; deliveries carry both signatures for a while.

        Args:
            versions: as for :meth:`update`.

        Raises:
            WebhookChanged: it is none of the versions.
            WebhookNotFound: there is none with this id.
            WebhookContended: others kept changing it.
        """
        secret, until = new_secret(), int(self._now()) + overlap_seconds
        return self._swap(
            "webhook.rotated",
            webhook_id,
            lambda webhook: replace(
                webhook, secret=secret, old_secret=webhook.secret, old_until=until
            ),
            versions,
        )

    def delete(self, webhook_id: str, *, versions: Collection[str] | None = None) -> None:
        """Take a webhook away, with all its deliveries.

        Args:
            versions: as for :meth:`update`.

        Raises:
            WebhookChanged: it is none of the versions.
            WebhookNotFound: there is none with this id.
            WebhookContended: others kept changing it.
        """
        for _ in range(_SWAPS):
            raw, webhook = self._read(webhook_id)
            _require(webhook, versions)
            line = Change("webhook.deleted", webhook_id, self._author, before=_told(webhook))
            if self._put(raw, webhook_id, b"", line):
                return
        raise WebhookContended(f"the webhook {webhook_id} is being changed by others: try again")

    def restore(self, webhook: Webhook) -> bool:
        """Put a webhook back as it was, to be told of what happens from now on.

        One that is there stays as it is, and one that was deleted since is left out.

        Returns whether it is there.

        Raises:
            InvalidWebhook: there are too many.
        """
        lines = Trail(self._client, self._url).of(webhook.id)
        if any(line.change.what == "webhook.deleted" for line in lines):
            return False
        restored = replace(webhook, since_ms=self._now_ms())
        line = Change("webhook.restored", webhook.id, self._author, after=_told(restored))
        if self._put(b"", webhook.id, encode(restored), line) < 0:
            raise InvalidWebhook({"url": f"there are {MOST_WEBHOOKS} already"})
        return True

    def _read(self, webhook_id: str) -> tuple[bytes, Webhook]:
        with translated(self._url):
            raw: Any = self._client.hget(WEBHOOKS, webhook_id)
        webhook = None if raw is None else decode(webhook_id, raw)
        if webhook is None or not self._sees(webhook):
            raise WebhookNotFound(f"no webhook has the id {webhook_id!r}")
        return bytes(raw), webhook

    def _sees(self, webhook: Webhook) -> bool:
        within = self._terms.within
        return not within or (bool(webhook.within) and set(webhook.within) <= set(within))

    def _swap(
        self,
        what: What,
        webhook_id: str,
        change: Callable[[Webhook], Webhook],
        versions: Collection[str] | None = None,
    ) -> Webhook:
        for _ in range(_SWAPS):
            raw, webhook = self._read(webhook_id)
            _require(webhook, versions)
            changed = change(webhook)
            line = Change(what, webhook_id, self._author, *_difference(webhook, changed))
            if changed == webhook or self._put(raw, webhook_id, encode(changed), line):
                return changed
        raise WebhookContended(f"the webhook {webhook_id} is being changed by others: try again")

    def _put(self, raw: bytes, webhook_id: str, text: bytes, change: Change) -> int:
        keys = (WEBHOOKS, API_CHANGES, WEBHOOK_HEALTH, WEBHOOK_BYTES, *keys_of(webhook_id))
        texts = (webhook_id, raw, text, MOST, MOST_WEBHOOKS, *to_entry(change))
        with translated(self._url):
            reply: Any = self._client.eval(script("app.webhooks", "put"), len(keys), *keys, *texts)
        return int(reply)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


def _require(webhook: Webhook, versions: Collection[str] | None) -> None:
    if versions is not None and version(webhook) not in versions:
        raise WebhookChanged(f"the webhook {webhook.id} was changed by somebody else meanwhile")


def _told(webhook: Webhook) -> dict[str, Any]:
    """Return what a line of the trail says of a webhook: everything but its secrets."""
    told: dict[str, Any] = orjson.loads(encode(webhook))
    return {name: value for name, value in told.items() if not name.endswith("secret")}


def _difference(before: Webhook, after: Webhook) -> tuple[dict[str, Any], dict[str, Any]]:
    return difference(_told(before), _told(after))


def _readable(webhook_id: str, raw: bytes) -> Webhook | None:
    try:
        return decode(webhook_id, raw)
    except CorruptWebhook as error:
        logger.warning("Left out of the list: %s", error)
        return None
