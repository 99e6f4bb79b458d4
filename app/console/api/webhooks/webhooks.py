"""Endpoints that add, show and change webhooks: /api/v1/webhooks."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import ClassVar

import falcon

from app.console.api.body import read_object
from app.console.api.if_match import ANY_VERSION, read_if_match
from app.console.api.problem import InvalidParameter
from app.console.api.rights import Rights, author_of, caller_of
from app.times import parse_time
from app.webhooks.deliveries import Deliveries
from app.webhooks.health import describe
from app.webhooks.store import OVERLAP_SECONDS, WebhookStore
from app.webhooks.webhook import Webhook, version

_PATCH_TYPES = ("application/merge-patch+json", falcon.MEDIA_JSON)
#: Longest that the secret before may sign as well.
_MOST_OVERLAP_SECONDS = 30 * 86_400


class Showing:
    """Shows webhooks of a store; whoever asks is the author of what it changes."""

    rights: ClassVar[Rights] = {"POST": "webhooks"}

    def __init__(self, webhooks: WebhookStore, deliveries: Deliveries) -> None:
        self._webhooks = webhooks
        self.deliveries = deliveries

    def of(self, req: falcon.Request) -> WebhookStore:
        """Return the webhooks that whoever asks may see."""
        return self._webhooks.by(author_of(req), caller_of(req))

    def plain(self, webhooks: list[Webhook]) -> list[dict[str, object]]:
        """Return webhooks as JSON holds them."""
        waiting = self.deliveries.waiting([webhook.id for webhook in webhooks])
        health = self.deliveries.health()
        return [describe(webhook, health, waiting) for webhook in webhooks]

    def show(self, resp: falcon.Response, webhook: Webhook) -> None:
        """Answer with a webhook and its version."""
        resp.media = self.plain([webhook])[0]
        resp.etag = version(webhook)

    def with_secret(self, webhook: Webhook) -> dict[str, object]:
        """Return a webhook as JSON holds it, with what it signs with from now on."""
        return {**self.plain([webhook])[0], "secret": webhook.secret}


class Webhooks(Showing):
    """All webhooks."""

    rights: ClassVar[Rights] = {"GET": "webhooks", "POST": "webhooks"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the webhooks, the oldest first."""
        resp.media = {"data": self.plain(self.of(req).all())}

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Add a webhook, and show its secret this once."""
        webhook = self.of(req).add(read_object(req, (falcon.MEDIA_JSON,)))
        resp.media = self.with_secret(webhook)
        resp.status = falcon.HTTP_201
        resp.location = f"{req.path.rstrip('/')}/{webhook.id}"


class OneWebhook(Showing):
    """One webhook."""

    rights: ClassVar[Rights] = {"GET": "webhooks", "PATCH": "webhooks", "DELETE": "webhooks"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Show a webhook, and how its receiver fares."""
        self.show(resp, self.of(req).get(id))

    on_head = on_get

    def on_patch(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Change a webhook: null takes a value away, what is left out stays."""
        patch = read_object(req, _PATCH_TYPES)
        self.show(resp, self.of(req).update(id, patch, versions=_versions(req)))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Take a webhook away, with all its deliveries."""
        self.of(req).delete(id, versions=_versions(req))
        resp.status = falcon.HTTP_204


class Rotate(Showing):
    """Gives a webhook a new secret."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Give a webhook a new secret, and show it this once; both sign for a while."""
        webhook = self.of(req).rotate(id, _overlap(req), versions=_versions(req))
        resp.media = self.with_secret(webhook)
        resp.etag = version(webhook)


def _versions(req: falcon.Request) -> Collection[str] | None:
    """Return which versions of a webhook a request may change; None for any."""
    versions = read_if_match(req)
    return None if versions is ANY_VERSION else versions


def _overlap(req: falcon.Request) -> int:
    """Return the seconds that a request says.

    Raises:
        InvalidParameter: it is no amount of time, or unknown.
    """
    for name, value in req.params.items():
        if name != "overlap":
            raise InvalidParameter(name, "there is only overlap")
        if not isinstance(value, str):
            raise InvalidParameter(name, "is there more than once")
        try:
            seconds = read_overlap(value)
        except ValueError as error:
            raise InvalidParameter(name, str(error)) from None
        return seconds
    return OVERLAP_SECONDS


def read_overlap(text: str) -> int:
    """Return the seconds of an amount of time such as ``24h``.

    Raises:
        ValueError: it is none, or too long.
    """
    now = datetime.now(UTC)
    seconds = round((parse_time(text, now, amounts="ahead") - now).total_seconds())
    if not 0 <= seconds <= _MOST_OVERLAP_SECONDS:
        raise ValueError(f"expected 0s to {_MOST_OVERLAP_SECONDS // 86_400}d")
    return seconds
