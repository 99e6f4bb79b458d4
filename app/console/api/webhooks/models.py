"""Models of the bodies that webhooks and deliveries are shown in, and what the document tells."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.console.api.if_match import IF_MATCH
from app.console.api.operation import Operation, Operations, Parameter
from app.webhooks.delivery import STATES, State
from app.webhooks.terms import NewWebhook, WebhookPatch
from app.webhooks.webhook import Event

PATH = "/api/v1/webhooks"
ONE_PATH = f"{PATH}/{{id}}"
ROTATE_PATH, TEST_PATH = f"{ONE_PATH}/rotate", f"{ONE_PATH}/test"
DELIVERIES_PATH = f"{ONE_PATH}/deliveries"
DELIVERY_PATH = f"{DELIVERIES_PATH}/{{delivery}}"
REDELIVER_PATH = f"{DELIVERY_PATH}/redeliver"
DEFAULT_LIMIT, MOST = 50, 200

_Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class WebhookView(BaseModel):
    """A webhook as it is shown: nothing that it signs with."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    url: str
    events: list[Event]
    tags: list[str]
    codes: list[str]
    disabled: bool
    reason: Annotated[str, Field(description="Why it was disabled, if not by a person.")]
    created_at: _Moment
    waiting: Annotated[int, Field(description="Deliveries that wait.")]
    lost: Annotated[int, Field(description="Deliveries that found no room.")]
    failures: Annotated[int, Field(description="Tries in a row that failed.")]
    failing_since: _Moment | None
    last_delivered_at: _Moment | None
    last_error: str


class WebhookWithSecret(WebhookView):
    """A new webhook, or one with a new secret, which is shown this once."""

    secret: str


class WebhookList(BaseModel):
    """All webhooks, the oldest first."""

    model_config = ConfigDict(extra="forbid")

    data: list[WebhookView]


class AttemptView(BaseModel):
    """One try to deliver."""

    model_config = ConfigDict(extra="forbid")

    at: _Moment
    seconds: float
    status: Annotated[int, Field(description="HTTP status of the answer, 0 for none.")]
    error: str
    answer: Annotated[str, Field(description="The beginning of the answer's body.")]


class DeliveryView(BaseModel):
    """What was or will be sent to a webhook."""

    model_config = ConfigDict(extra="forbid")

    id: str
    webhook: str
    event: Event | Literal["webhook.test"]
    state: State
    created_at: _Moment
    clicks: int
    tries: int
    attempts: Annotated[list[AttemptView], Field(description="The last tries.")]


class DeliveryWithBody(DeliveryView):
    """A delivery with the body that is sent."""

    body: dict[str, Any]


class DeliveryPage(BaseModel):
    """A part of a webhook's deliveries, the newest first."""

    model_config = ConfigDict(extra="forbid")

    data: list[DeliveryView]
    next_cursor: Annotated[
        str | None, Field(description="What to ask for next as cursor; null at the end.")
    ]


_BODY = ("invalid-body", "body-too-large", "unsupported-content-type", "invalid-webhook")
_ETAG = {"ETag": "The webhook's version, for If-Match."}
_OF_VERSION = ("webhook-changed", "invalid-parameter")
_CHANGING = ("webhook-not-found", "webhook-contended")
WEBHOOKS: Operations = {
    "GET": Operation(answers={200: WebhookList}),
    "POST": Operation(body=NewWebhook, answers={201: WebhookWithSecret}, problems=_BODY),
}
ONE_WEBHOOK: Operations = {
    "GET": Operation(answers={200: WebhookView}, headers=_ETAG, problems=("webhook-not-found",)),
    "PATCH": Operation(
        (IF_MATCH,),
        body=WebhookPatch,
        media_types=("application/merge-patch+json", "application/json"),
        answers={200: WebhookView},
        headers=_ETAG,
        problems=(*_BODY, *_CHANGING, *_OF_VERSION),
    ),
    "DELETE": Operation((IF_MATCH,), answers={204: None}, problems=(*_CHANGING, *_OF_VERSION)),
}
ROTATE: Operations = {
    "POST": Operation(
        parameters=(
            IF_MATCH,
            Parameter("overlap", "query", "How long the secret before signs as well: 24h, say."),
        ),
        answers={200: WebhookWithSecret},
        headers=_ETAG,
        problems=(*_CHANGING, *_OF_VERSION),
    )
}
TEST: Operations = {
    "POST": Operation(answers={202: DeliveryView}, problems=("webhook-not-found", "webhook-full"))
}
DELIVERIES: Operations = {
    "GET": Operation(
        parameters=(
            Parameter(
                "state", "query", "Only those in this state.", {"type": "string", "enum": STATES}
            ),
            Parameter(
                "limit",
                "query",
                "Most deliveries of a page.",
                {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
            ),
            Parameter("cursor", "query", "next_cursor of the page before."),
        ),
        answers={200: DeliveryPage},
        headers={"Link": 'The next page, rel="next", if there is one.'},
        problems=("invalid-parameter", "webhook-not-found"),
    )
}
_NO_DELIVERY = ("webhook-not-found", "delivery-not-found")
DELIVERY: Operations = {
    "GET": Operation(answers={200: DeliveryWithBody}, problems=_NO_DELIVERY),
}
REDELIVER: Operations = {
    "POST": Operation(answers={202: DeliveryView}, problems=_NO_DELIVERY),
}
