"""Endpoints of what is sent to a webhook: its test, its deliveries, one of them, once more."""

import re
from typing import ClassVar
from urllib.parse import urlencode

import falcon
import orjson

from app.console.api.problem import InvalidParameter
from app.console.api.rights import Rights
from app.console.api.webhooks.models import DEFAULT_LIMIT, MOST
from app.console.api.webhooks.webhooks import Showing
from app.webhooks.deliveries import Page
from app.webhooks.delivery import STATES, describe, is_id

_NAMES = ("cursor", "limit", "state")


class Test(Showing):
    """Tries a webhook."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Have a webhook told that somebody tries it; what came of it, the delivery says."""
        resp.media = describe(self.deliveries.send_test(self.of(req).get(id)))
        resp.status = falcon.HTTP_202


class WebhookDeliveries(Showing):
    """What was and will be sent to a webhook."""

    rights: ClassVar[Rights] = {"GET": "webhooks"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """List a webhook's deliveries, the newest first."""
        given = _single(req)
        page = self._page(self.of(req).get(id).id, given)
        resp.media = {
            "data": [describe(delivery) for delivery in page.deliveries],
            "next_cursor": page.after,
        }
        if page.after:
            following = urlencode({**given, "cursor": page.after})
            resp.append_link(f"{req.path}?{following}", "next")

    on_head = on_get

    def _page(self, webhook_id: str, given: dict[str, str]) -> Page:
        state = next((each for each in STATES if each == given.get("state")), None)
        if "state" in given and state is None:
            raise InvalidParameter("state", f"there is only {', '.join(STATES)}")
        after, text = given.get("cursor"), given.get("limit", str(DEFAULT_LIMIT))
        if after is not None and not is_id(after):
            raise InvalidParameter("cursor", "that is none")
        if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= MOST:
            raise InvalidParameter("limit", f"expected a number from 1 to {MOST}")
        return self.deliveries.page(webhook_id, state=state, after=after, limit=int(text))


class OneDelivery(Showing):
    """One delivery."""

    rights: ClassVar[Rights] = {"GET": "webhooks"}

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        id: str,  # noqa: A002
        delivery: str,
    ) -> None:
        """Show a delivery, with its tries and its body."""
        found, body = self.deliveries.get(self.of(req).get(id).id, delivery)
        resp.media = {**describe(found), "body": orjson.loads(body)}

    on_head = on_get


class Redeliver(Showing):
    """Sends a delivery again."""

    def on_post(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        id: str,  # noqa: A002
        delivery: str,
    ) -> None:
        """Have a delivery sent at once, under the id that it has."""
        resp.media = describe(self.deliveries.send_again(self.of(req).get(id).id, delivery))
        resp.status = falcon.HTTP_202


def _single(req: falcon.Request) -> dict[str, str]:
    """Return the parameters of a request, of which none may be unknown or repeated."""
    found: dict[str, str] = {}
    for name, value in req.params.items():
        if name not in _NAMES:
            raise InvalidParameter(name, f"there is only {', '.join(_NAMES)}")
        if not isinstance(value, str):
            raise InvalidParameter(name, "is there more than once")
        found[name] = value
    return found
