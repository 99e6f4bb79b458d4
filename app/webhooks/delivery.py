"""Contract that all share who read or write deliveries: what is sent to a webhook, and its JSON."""

import re
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import orjson

from app.clicks.click import new_click_id
from app.times import rfc3339

State = Literal["waiting", "delivered", "failed"]
STATES: tuple[State, ...] = get_args(State)
#: Tries that are told of; all of them are counted.
_MOST_TOLD = 20
_ID = re.compile(r"msg_[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver.

    Attributes:
        at_ms: when it began, in Unix milliseconds.
        seconds: how long it took.
        status: HTTP status of the answer, 0 for none.
        error: why it failed; '' when it didn't.
        answer: the beginning of the answer's body.
    """

    at_ms: int
    seconds: float
    status: int = 0
    error: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one webhook; every try carries its id.

    Attributes:
        id: ``msg_`` and a UUIDv7 in hexadecimal, so that ids are in the order of time.
        webhook: the webhook's id.
        event: what it tells of.
        created_ms: Unix milliseconds.
        until_ms: when it is given up, unless it was delivered by then.
        clicks: how many it carries.
        tries: how many there were.
        attempts: the last of them, the latest at the end.
    """

    id: str
    webhook: str
    event: str
    created_ms: int
    until_ms: int
    clicks: int = 0
    tries: int = 0
    state: State = "waiting"
    attempts: tuple[Attempt, ...] = ()

    def tried(self, attempt: Attempt) -> "Delivery":
        """Return what it is after another try."""
        attempts = (*self.attempts, attempt)[-_MOST_TOLD:]
        return replace(self, tries=self.tries + 1, attempts=attempts)


def without_answers(delivery: Delivery) -> Delivery:
    """Return a delivery without what receivers answered, who may have repeated what they got."""
    attempts = tuple(replace(attempt, answer="") for attempt in delivery.attempts)
    return replace(delivery, attempts=attempts)


def new_id(now_ms: int) -> str:
    """Return an id that no delivery had before, of a time in Unix milliseconds."""
    return f"msg_{new_click_id(now_ms, secrets.token_bytes(10)).hex()}"


def is_id(text: str) -> bool:
    """Tell whether a text may be a delivery's id."""
    return _ID.fullmatch(text) is not None


def envelope(event: str, at_ms: int, data: Mapping[str, object]) -> bytes:
    """Return the body of a delivery: what happened, when, and what there is to tell of it."""
    return orjson.dumps({"type": event, "timestamp": rfc3339(at_ms), "data": data})


def encode(delivery: Delivery) -> bytes:
    """Return a delivery as the JSON that Redis holds."""
    return orjson.dumps(asdict(delivery))


def decode(raw: bytes) -> Delivery | None:
    """Read a delivery back; None for what isn't one."""
    try:
        held: dict[str, Any] = orjson.loads(raw)
        attempts = tuple(Attempt(**attempt) for attempt in held.pop("attempts"))
        return Delivery(**held, attempts=attempts)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def pack(body: bytes) -> bytes:
    """Return a body as Redis holds it: clicks of a batch repeat much."""
    return zlib.compress(body, 6)


def unpack(raw: bytes) -> bytes:
    """Return a body as it is sent.

    Raises:
        ValueError: it is none.
    """
    try:
        return zlib.decompress(raw)
    except zlib.error as error:
        raise ValueError(f"a delivery's body can't be read: {error}") from None


def describe(delivery: Delivery) -> dict[str, object]:
    """Return a delivery as programs read it, without its body."""
    return {
        "id": delivery.id,
        "webhook": delivery.webhook,
        "event": delivery.event,
        "state": delivery.state,
        "created_at": rfc3339(delivery.created_ms),
        "clicks": delivery.clicks,
        "tries": delivery.tries,
        "attempts": [
            {
                "at": rfc3339(attempt.at_ms),
                "seconds": round(attempt.seconds, 3),
                "status": attempt.status,
                "error": attempt.error,
                "answer": attempt.answer,
            }
            for attempt in delivery.attempts
        ],
    }
