"""Endpoints of API keys: /api/v1/keys, and /revoke and /rotate of one."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import falcon
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.console.api.body import read_object
from app.console.api.idempotency import HEADER, Answer, Attempt, KeptAnswers
from app.console.api.operation import IDEMPOTENCY_KEY, Operation, Operations
from app.console.api.rights import Rights, author_of, caller_of
from app.keys.caller import Scope
from app.keys.credential import Credential
from app.keys.json import describe
from app.keys.key import ApiKey
from app.keys.signature import Signature
from app.keys.store import InvalidKey, KeyNotFound, KeyStore
from app.links.validation import InvalidLink, read_tag
from app.times import parse_moment

PATH = "/api/v1/keys"
REVOKE_PATH, ROTATE_PATH = f"{PATH}/{{id}}/revoke", f"{PATH}/{{id}}/rotate"


class NewKey(BaseModel):
    """A key that shall be added."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(examples=["weekly report"])]
    scopes: list[Scope]
    tags: Annotated[list[str], Field(description="Only links with one of them.")] = []
    expires_at: Annotated[str | int | None, Field(examples=["90d", "2027-01-01"])] = None
    yourls: Annotated[bool, Field(description="A signature for /yourls-api.php alone.")] = False


class KeyView(BaseModel):
    """A key as it is shown: nothing that proves it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    state: str
    scopes: list[str]
    tags: list[str]
    yourls: bool
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class KeyWithSecret(KeyView):
    """A new key, or one with a new secret, which is shown this once."""

    key: Annotated[
        str | None,
        Field(description="Null in an answer that is given again: a secret is kept nowhere."),
    ]


class KeyList(BaseModel):
    """All keys, the oldest first, those that are refused among them."""

    data: list[KeyView]


KEYS: Operations = {
    "GET": Operation(answers={200: KeyList}),
    "POST": Operation(
        parameters=(IDEMPOTENCY_KEY,),
        body=NewKey,
        answers={201: KeyWithSecret},
        headers={"Idempotency-Replayed": "true in an answer that was given before."},
        problems=(
            *("invalid-body", "invalid-key", "body-too-large", "unsupported-content-type"),
            *("invalid-parameter", "idempotency-key-reused", "idempotency-key-in-use"),
        ),
    ),
}
_CHANGING = ("key-not-found", "key-contended")
REVOKE: Operations = {"POST": Operation(answers={200: KeyView}, problems=_CHANGING)}
ROTATE: Operations = {
    "POST": Operation(answers={200: KeyWithSecret}, problems=(*_CHANGING, "key-revoked"))
}


class _Showing:
    """Shows keys of a store; whoever asks is the author of what it changes."""

    rights: ClassVar[Rights] = {"POST": "admin"}

    def __init__(self, keys: KeyStore, now: Callable[[], float] = time.time) -> None:
        self.keys = keys
        self.now = now

    def plain(self, key: ApiKey, used_at: Mapping[str, int] | None = None) -> dict[str, object]:
        """Return a key as JSON holds it."""
        return describe(key, self.keys.used_at() if used_at is None else used_at, self.now())


class Keys(_Showing):
    """All keys.

    Args:
        answers: to requests with an Idempotency-Key.
    """

    rights: ClassVar[Rights] = {"GET": "admin", "POST": "admin"}

    def __init__(
        self, keys: KeyStore, answers: KeptAnswers, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(keys, now)
        self._answers = answers

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """List the keys, the oldest first."""
        used_at = self.keys.used_at()
        resp.media = {"data": [self.plain(key, used_at) for key in self.keys.all()]}

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Add a key, and show it this once."""
        body = read_object(req, (falcon.MEDIA_JSON,))
        given = _read(body, self.now())
        keys, shown = self.keys.by(author_of(req)), list[str]()

        def add(attempt: Attempt) -> Answer:
            key, credential = _added(keys, attempt, given)
            shown.append(credential.text)
            return self.plain(key, {})

        answer, is_repeated = self._answers.once(
            caller_of(req).id,
            req.get_header(HEADER),
            {"key": body},
            lambda: {"id": Credential.make().id},
            add,
        )
        resp.media = {**answer, "key": shown[0] if shown else None}
        resp.status = falcon.HTTP_201
        if is_repeated:
            resp.set_header("Idempotency-Replayed", "true")


def _added(
    keys: KeyStore, attempt: Attempt, given: Mapping[str, Any]
) -> tuple[ApiKey, Credential | Signature]:
    """Add a key; where a try before has, give it another secret, for nobody has heard that one."""
    key_id: str = attempt.draft["id"]
    if attempt.is_another:
        with suppress(KeyNotFound):
            return keys.rotate(key_id)
    return keys.add(**given, key_id=key_id)


class Revoke(_Showing):
    """Has a key refused for good."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Revoke a key; one that is already stays as it is."""
        resp.media = self.plain(self.keys.by(author_of(req)).revoke(id))


class Rotate(_Showing):
    """Gives a key a new secret."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Give a key a new secret, and show it this once; the one before is refused."""
        key, credential = self.keys.by(author_of(req)).rotate(id)
        resp.media = {**self.plain(key), "key": credential.text}


def _read(body: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return what a key shall be.

    Raises:
        InvalidKey: naming all fields that can't be used.
    """
    try:
        new = NewKey.model_validate(body)
    except ValidationError as error:
        raise InvalidKey({str(each["loc"][0]): each["msg"] for each in error.errors()}) from None
    faults: dict[str, str] = {}
    tags, expires_at = set(), None
    for tag in new.tags:
        try:
            tags.add(read_tag(tag))
        except InvalidLink as invalid:
            faults["tags"] = invalid.faults["tag"]
    try:
        if new.expires_at is not None:
            moment = parse_moment(new.expires_at, datetime.fromtimestamp(now, UTC), amounts="ahead")
            expires_at = int(moment.timestamp())
    except ValueError as invalid:
        faults["expires_at"] = str(invalid)
    if expires_at is not None and expires_at <= now:
        faults["expires_at"] = f"{new.expires_at!r} has passed already"
    if faults:
        raise InvalidKey(faults)
    return {
        "name": new.name,
        "scopes": sorted(set(new.scopes)),
        "tags": sorted(tags),
        "expires_at": expires_at,
        "of_yourls": new.yourls,
    }
