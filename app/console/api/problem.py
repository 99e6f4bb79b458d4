"""Problem details (RFC 9457) that every error of the console is answered with."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import falcon
import orjson

from app.dead_letters.store import LetterNotFound
from app.http.rules import phrase
from app.keys.caller import Scope
from app.keys.store import InvalidKey, KeyContended, KeyNotFound, KeyRevoked
from app.links.history import CannotRestore, VersionNotFound
from app.links.index.file import IndexUnusable
from app.links.index.follower import NotFilled
from app.links.link import (
    CodeTaken,
    CorruptLink,
    LinkChanged,
    LinkContended,
    LinkDeleted,
    LinkNotFound,
)
from app.links.tags import TagKept, TagNotFound, TagTaken
from app.links.validation import InvalidLink
from app.reports.scope import OutOfScope
from app.webhooks.deliveries import DeliveryNotFound, NoRoom
from app.webhooks.store import WebhookChanged, WebhookContended, WebhookNotFound
from app.webhooks.terms import InvalidWebhook
from app.webhooks.webhook import CorruptWebhook

#: What a refused caller is asked for.
CHALLENGE = 'Bearer realm="hopline"'

MEDIA_TYPE = "application/problem+json"
#: Where the page of a kind of problem is, which is its type as well; open to everybody.
PATH = "/problems/{kind}"
#: Seconds after which to try again what many did at once.
_RETRY_AFTER_SECONDS = 1


class Kind(NamedTuple):
    """A kind of problem: its status, its title, and what it means for who sees it."""

    status: int
    title: str
    meaning: str
    #: Where another than we has named it.
    uri: str = ""


KINDS: Mapping[str, Kind] = {
    "invalid-body": Kind(
        400, "The body can't be read", "The body is no JSON (RFC 8259) or names a field twice."
    ),
    "invalid-parameter": Kind(
        400,
        "A parameter can't be used",
        "A parameter of the URL or a header field is unknown, comes twice or says what can't be.",
    ),
    "invalid-link": Kind(
        422, "The link can't be like that", "errors names every field that can't be used, and why."
    ),
    "unreadable-file": Kind(
        422, "The file can't be read", "It is no CSV or JSON of links: detail says why."
    ),
    "insufficient-scope": Kind(
        403, "The key lacks a right", "scope says which one the key would have to have."
    ),
    "out-of-scope": Kind(
        403, "The key is restricted to other links", "It may only see links of certain tags."
    ),
    "link-not-found": Kind(404, "There is no such link", "No link has, or ever had, this code."),
    "link-deleted": Kind(
        410,
        "The link was deleted",
        "Its code stays taken; /history shows what it was.",
    ),
    "version-not-found": Kind(
        404, "The link has no such version", "Its history, as far as it is kept, has other ones."
    ),
    "version-not-restorable": Kind(
        409, "The version can't be restored", "detail says why, and what to do instead."
    ),
    "count-differs": Kind(
        409, "The filter finds another number of links", "Look again at what it finds, then expect."
    ),
    "index-not-ready": Kind(
        503, "The index of links isn't ready", "It is being filled: only the plain list works yet."
    ),
    "tag-not-found": Kind(404, "There is no such tag", "No link that the key sees carries it."),
    "tag-taken": Kind(
        409, "The tag is there already", "Links have it: send merge to have both become one."
    ),
    "tag-kept": Kind(
        403, "The key is restricted to this tag", "It would see those links no longer, or others."
    ),
    "click-not-found": Kind(
        404, "There is no such click", "Nothing is left of it, or there never was one: see detail."
    ),
    "code-taken": Kind(
        409, "The code is taken", "Another link has this code, or had it before it was deleted."
    ),
    "link-changed": Kind(
        412,
        "The link was changed meanwhile",
        "It is no longer the version that If-Match or If-None-Match names: read it again.",
    ),
    "link-contended": Kind(
        503, "The link is being changed by many", "Others kept changing it: the same may work now."
    ),
    "link-unreadable": Kind(
        500, "The link can't be read", "What Redis holds of it is no link: see the console's log."
    ),
    "invalid-key": Kind(
        422, "The key can't be like that", "errors names every field that can't be used, and why."
    ),
    "key-not-found": Kind(404, "There is no such key", "No API key has, or ever had, this id."),
    "key-revoked": Kind(409, "The key was revoked", "It is never good again: add another."),
    "key-contended": Kind(
        503, "The key is being changed by many", "Others kept changing it: the same may work now."
    ),
    "letter-not-found": Kind(
        404, "There is no such dead letter", "It may have been requeued, purged or trimmed."
    ),
    "letter-incomplete": Kind(
        409,
        "The dead letter can't be sent again",
        "Its entry has no fields, too many of them, or is too long to have been kept as a whole.",
    ),
    "invalid-webhook": Kind(
        422,
        "The webhook can't be like that",
        "errors names every field that can't be used, and why.",
    ),
    "webhook-not-found": Kind(
        404, "There is no such webhook", "No webhook that the key may see has this id."
    ),
    "delivery-not-found": Kind(
        404,
        "There is no such delivery",
        "The webhook has no delivery of this id, or none any more.",
    ),
    "webhook-full": Kind(
        503, "Too much waits for the webhook", "Its receiver has to take what waits first."
    ),
    "webhook-changed": Kind(
        412,
        "The webhook was changed meanwhile",
        "It is no longer the version that If-Match names: read it again.",
    ),
    "webhook-contended": Kind(
        503, "The webhook is being changed by many", "Others kept changing it: try again."
    ),
    "webhook-unreadable": Kind(
        500, "The webhook can't be read", "What Redis holds of it is none: see the console's log."
    ),
    "idempotency-key-reused": Kind(
        422, "The Idempotency-Key stands for another request", "Send each request with its own."
    ),
    "idempotency-key-in-use": Kind(
        409,
        "The request is being carried out",
        "Another with the same Idempotency-Key came before it: send it again in a moment.",
    ),
    "quota-exceeded": Kind(
        429,
        "The key has asked too much",
        "violated-policies names which of the policies in RateLimit-Policy have no more to give"
        " (draft-ietf-httpapi-ratelimit-headers): ask again after Retry-After seconds.",
        "https://iana.org/assignments/http-problem-types#quota-exceeded",
    ),
    "body-too-large": Kind(413, "The body is too large", "detail says how large it may be."),
    "unsupported-content-type": Kind(
        415, "The body is of another type", "detail says which Content-Type is read here."
    ),
}

#: What use cases raise, and the kind of problem that it is.
OF_ERRORS: Mapping[type[Exception], str] = {
    InvalidLink: "invalid-link",
    LinkNotFound: "link-not-found",
    LinkDeleted: "link-deleted",
    CodeTaken: "code-taken",
    LinkChanged: "link-changed",
    LinkContended: "link-contended",
    VersionNotFound: "version-not-found",
    NotFilled: "index-not-ready",
    IndexUnusable: "index-not-ready",
    TagNotFound: "tag-not-found",
    TagTaken: "tag-taken",
    TagKept: "tag-kept",
    CannotRestore: "version-not-restorable",
    CorruptLink: "link-unreadable",
    OutOfScope: "out-of-scope",
    InvalidKey: "invalid-key",
    KeyNotFound: "key-not-found",
    KeyRevoked: "key-revoked",
    KeyContended: "key-contended",
    LetterNotFound: "letter-not-found",
    InvalidWebhook: "invalid-webhook",
    WebhookNotFound: "webhook-not-found",
    DeliveryNotFound: "delivery-not-found",
    NoRoom: "webhook-full",
    WebhookChanged: "webhook-changed",
    WebhookContended: "webhook-contended",
    CorruptWebhook: "webhook-unreadable",
}


class Problem(falcon.HTTPError):
    """A problem of a known kind.

    Args:
        kind: one of :data:`KINDS`.
        detail: what it is this time, for a person.
        faults: what is wrong with which field.

    Attributes:
        members: what it tells beside that (RFC 9457 §3.2).
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        faults: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        status = KINDS[kind].status
        given = dict(headers or {})
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            given["Retry-After"] = str(_RETRY_AFTER_SECONDS)
        super().__init__(status, description=detail, headers=given)
        self.kind = kind
        self.faults = faults or {}
        self.members: Mapping[str, object] = {}


class InvalidParameter(Problem):
    """A query parameter that can't be used; the problem names it, and further ones if given."""

    def __init__(
        self, parameter: str, detail: str, faults: Mapping[str, str] | None = None
    ) -> None:
        found = faults or {parameter: detail}
        text = "; ".join(f"{name}: {fault}" for name, fault in found.items())
        super().__init__("invalid-parameter", text, found)
        self.members = {"parameter": parameter}


class InvalidParameters(Problem):
    """Query parameters that can't be used; the problem names all of them."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        detail = "; ".join(f"{name}: {text}" for name, text in faults.items())
        super().__init__("invalid-parameter", detail, faults)


class InsufficientScope(Problem):
    """A caller lacks a right; the problem names the scope (RFC 6750 §3.1)."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(
            "insufficient-scope",
            f"This takes a key with the scope {scope}.",
            headers={
                "WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'
            },
        )
        self.members = {"scope": scope}


class QuotaExceeded(Problem):
    """A caller has asked more than a policy gives; the problem names the policy.

    Args:
        seconds: until it gives more.
    """

    def __init__(self, policy: str, seconds: int) -> None:
        super().__init__(
            "quota-exceeded",
            f"No more {policy} of this key are answered for {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )
        self.members = {"violated-policies": [policy]}


def problem_of(error: Exception) -> Problem:
    """Return the problem that an exception of :data:`OF_ERRORS` is."""
    kind = next(OF_ERRORS[each] for each in type(error).__mro__ if each in OF_ERRORS)
    invalid = error if isinstance(error, InvalidLink | InvalidKey | InvalidWebhook) else None
    return Problem(kind, str(error), invalid.faults if invalid else None)


def bare_problem(status: HTTPStatus) -> tuple[str, str]:
    """Return media type and text of a problem of which only the status is known."""
    told = {"type": "about:blank", "title": phrase(status), "status": status.value}
    return MEDIA_TYPE, orjson.dumps(told).decode()


def write_problem(_: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
    """Write an error as the answer to a request; fits ``App.set_error_serializer``."""
    problem: dict[str, object] = {
        "type": "about:blank",
        "title": phrase(HTTPStatus(error.status_code)),
        "status": error.status_code,
    }
    if isinstance(error, Problem):
        problem["type"] = KINDS[error.kind].uri or PATH.format(kind=error.kind)
        problem["title"] = KINDS[error.kind].title
    if error.description:
        problem["detail"] = error.description
    if isinstance(error, Problem) and error.faults:
        problem["errors"] = [
            {"field": field, "message": message} for field, message in error.faults.items()
        ]
    if isinstance(error, Problem):
        problem |= error.members
    resp.data = orjson.dumps(problem)
    resp.content_type = MEDIA_TYPE
