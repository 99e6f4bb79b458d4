"""Pages of the webhooks: who is told of what, how their receivers fare, and what was sent."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import falcon
import orjson

from app.console.api.rights import Rights, author_of, caller_of
from app.console.api.webhooks.webhooks import read_overlap
from app.console.pages.links.making import VIA
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site, see_other
from app.links.validation import NOTHING
from app.reports.query import BadQuery
from app.webhooks import delivery as sent
from app.webhooks.deliveries import Deliveries, NoRoom
from app.webhooks.health import describe
from app.webhooks.store import WebhookChanged, WebhookContended, WebhookStore
from app.webhooks.terms import InvalidWebhook
from app.webhooks.webhook import EVENTS, OF_NO_LINK, Webhook, version

PATH = "/webhooks"
ONE_PATH = f"{PATH}/{{id}}"
DELIVERY_PATH = f"{ONE_PATH}/{{delivery}}"
_LIMIT = 50
#: How long the secret before signs as well, as a form offers it.
_OVERLAPS: Mapping[str, str] = {"24h": "for a day", "7d": "for a week", "0s": "not at all"}
_Faults = Mapping[str, str]


class _Page:
    """Shows webhooks of a store; whoever asks is the author of what it changes."""

    rights: ClassVar[Rights] = {"GET": "webhooks", "POST": "webhooks"}

    def __init__(self, site: Site, webhooks: WebhookStore, deliveries: Deliveries) -> None:
        self._site = site
        self._webhooks = webhooks
        self._deliveries = deliveries

    def of(self, req: falcon.Request) -> WebhookStore:
        """Return the webhooks that whoever asks may see."""
        return self._webhooks.by(author_of(req, VIA), caller_of(req))

    def plain(self, webhooks: Sequence[Webhook]) -> list[dict[str, object]]:
        """Return webhooks with how their receivers fare."""
        waiting = self._deliveries.waiting([webhook.id for webhook in webhooks])
        health = self._deliveries.health()
        return [
            {**describe(webhook, health, waiting), "within": webhook.within} for webhook in webhooks
        ]


class WebhooksPage(_Page):
    """Lists webhooks and adds them; a secret is shown once."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        self._show(req, resp)

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Add a webhook; no address and no history holds its secret."""
        given = _read_terms(self._site.form(req))
        try:
            webhook = self.of(req).add(given)
        except InvalidWebhook as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, terms=given, faults=error.faults)
            return
        self._show(req, resp, made=webhook)

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        *,
        terms: Mapping[str, object] = NOTHING,
        faults: _Faults = NOTHING,
        made: Webhook | None = None,
    ) -> None:
        values: dict[str, Any] = {
            "webhooks": self.plain(self.of(req).all()),
            "terms": {**_read_terms({}), **terms},
            "events": _events(req),
            "faults": faults,
            "made": made,
            "done": Address.read(PATH, req.query_string).first("done"),
        }
        self._site.show(req, resp, "webhooks.html", **values)


class WebhookPage(_Page):
    """Shows a webhook with its deliveries, changes it, tries it and takes it away."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Answer GET."""
        self._show(req, resp, self.of(req).get(id))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Do what a form of the page asks for.

        Raises:
            falcon.HTTPSeeOther: it is done.
            falcon.HTTPBadRequest: there is no such act.
        """
        fields, webhooks = self._site.form(req), self.of(req)
        webhook, act = webhooks.get(id), _first(fields, "act")
        if act == "save":
            self._save(req, resp, webhook, fields)
        elif act == "rotate":
            seconds = read_overlap(_overlap(fields))
            rotated = webhooks.rotate(id, seconds)
            self._show(req, resp, rotated, secret=rotated.secret)
        elif act == "test":
            self._test(webhook)
        elif act == "delete":
            self._delete(req, resp, webhook, is_meant=_first(fields, "meant") == id)
        else:
            raise falcon.HTTPBadRequest(description=f"There is no act {act!r}.")

    def _save(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        webhook: Webhook,
        fields: Mapping[str, Sequence[str]],
    ) -> None:
        given = {**_read_terms(fields), "disabled": "disabled" in fields}
        try:
            self.of(req).update(webhook.id, given, versions=fields.get("version"))
        except WebhookChanged as error:
            resp.status = falcon.HTTP_412
            now = self.of(req).get(webhook.id)
            self._show(req, resp, now, terms=given, conflict=str(error))
            return
        except InvalidWebhook as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, webhook, terms=given, faults=error.faults)
            return
        raise _told(webhook.id, "Changed.")

    def _test(self, webhook: Webhook) -> None:
        try:
            delivery = self._deliveries.send_test(webhook)
        except NoRoom as error:
            raise _told(webhook.id, f"Not tried: {error}.") from None
        raise _told(f"{webhook.id}/{delivery.id}", "On its way: what came of it stands below.")

    def _delete(
        self, req: falcon.Request, resp: falcon.Response, webhook: Webhook, *, is_meant: bool
    ) -> None:
        if not is_meant:
            values = {"webhook": self.plain([webhook])[0]}
            self._site.show(req, resp, "delete_webhook.html", **values)
            return
        try:
            self.of(req).delete(webhook.id)
        except WebhookContended as error:
            raise _told(webhook.id, f"Not deleted: {error}.") from None
        text = f"{webhook.name or webhook.url} is told of nothing any more."
        raise see_other(Address(PATH).with_(done=text))

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        webhook: Webhook,
        *,
        terms: Mapping[str, object] = NOTHING,
        faults: _Faults = NOTHING,
        conflict: str = "",
        secret: str = "",
    ) -> None:
        address = Address.read(f"{PATH}/{webhook.id}", req.query_string)
        state = next((each for each in sent.STATES if each == address.first("state")), None)
        after = address.first("after") or None
        if after is not None and not sent.is_id(after):
            resp.status = falcon.HTTP_400
            fault = BadQuery("after", "that is no delivery's id")
            self._site.show(req, resp, "bad_query.html", error=fault, plain=address.path)
            return
        page = self._deliveries.page(webhook.id, state=state, after=after, limit=_LIMIT)
        shown = self.plain([webhook])[0]
        values: dict[str, Any] = {
            "webhook": shown,
            "webhook_version": version(webhook),
            "terms": {**shown, **terms},
            "events": _events(req),
            "faults": faults,
            "conflict": conflict,
            "secret": secret,
            "overlaps": _OVERLAPS,
            "deliveries": [sent.describe(delivery) for delivery in page.deliveries],
            "states": sent.STATES,
            "state": state,
            "here": address.only(()),
            "following": address.with_(after=page.after, done=None) if page.after else None,
            "begin": address.with_(after=None, done=None) if after else None,
            "done": address.first("done"),
        }
        self._site.show(req, resp, "webhook.html", **values)


class DeliveryPage(_Page):
    """Shows a delivery with its tries and its body, and sends it again."""

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        id: str,  # noqa: A002
        delivery: str,
    ) -> None:
        """Answer GET."""
        webhook = self.of(req).get(id)
        found, body = self._deliveries.get(webhook.id, delivery)
        values: dict[str, Any] = {
            "webhook": webhook,
            "delivery": sent.describe(found),
            "body": orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode(),
            "done": Address.read(req.path, req.query_string).first("done"),
        }
        self._site.show(req, resp, "delivery.html", **values)

    on_head = on_get

    def on_post(
        self,
        req: falcon.Request,
        _resp: falcon.Response,
        id: str,  # noqa: A002
        delivery: str,
    ) -> None:
        """Have a delivery sent at once, under the id that it has.

        Raises:
            falcon.HTTPSeeOther: it will be.
        """
        self._site.form(req)
        again = self._deliveries.send_again(self.of(req).get(id).id, delivery)
        raise _told(f"{id}/{again.id}", "On its way again: what came of it stands below.")


def _told(place: str, text: str) -> falcon.HTTPSeeOther:
    """Return what leads on to a page below the webhooks', and what it says there."""
    return see_other(Address(f"{PATH}/{place}").with_(done=text))


def _events(req: falcon.Request) -> list[str]:
    """Return what whoever asks can have a webhook told of."""
    return [event for event in EVENTS if not (caller_of(req).tags and event in OF_NO_LINK)]


def _read_terms(fields: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """Return what a form says of a webhook, as its terms are read."""
    return {
        "name": _first(fields, "name").strip(),
        "url": _first(fields, "url").strip(),
        "events": list(fields.get("event", ())),
        "tags": _parted(_first(fields, "tags")),
        "codes": _parted(_first(fields, "codes")),
    }


def _overlap(fields: Mapping[str, Sequence[str]]) -> str:
    """Return how long the secret before is to sign as well, of what a form offers."""
    given = _first(fields, "overlap")
    return given if given in _OVERLAPS else next(iter(_OVERLAPS))


def _first(fields: Mapping[str, Sequence[str]], name: str) -> str:
    return "".join(fields.get(name, ())[:1])


def _parted(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
