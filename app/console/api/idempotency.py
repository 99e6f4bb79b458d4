"""Answers that are kept, so that a request which is sent again is carried out once.

Follows draft-ietf-httpapi-idempotency-key-header. What was refused is not kept: it changed nothing,
and may be sent again as it is.
"""

import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from app.config.settings import Settings
from app.console.api.problem import InvalidParameter, Problem
from app.stores.keys import answer_key
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, translated

if TYPE_CHECKING:
    import redis

HEADER = "Idempotency-Key"
KEPT_SECONDS = 24 * 3600
#: Longer than a request takes. Who died at it holds the key for no longer.
_AT_WORK_SECONDS = 60
#: The draft writes the key in quotes; most clients don't.
_KEY = re.compile(r'"?([!\x23-\x7e]{1,255})"?')

Answer = Mapping[str, Any]


class Given(NamedTuple):
    """An answer, and whether it was given before."""

    answer: Answer
    is_repeated: bool


def open_answers(settings: Settings) -> "KeptAnswers":
    """Return the answers of an installation; it connects when first used."""
    client = connect(settings.redis_url, timeout_seconds=settings.redis_timeout_seconds)
    return KeptAnswers(client, settings.redis_url)


class KeptAnswers:
    """Keeps the answers to requests in Redis for a day.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
    """

    def __init__(self, client: "redis.Redis", url: str) -> None:
        self._client = client
        self._url = url

    def once(
        self, caller: str, key: str | None, request: object, carry_out: Callable[[], Answer]
    ) -> Given:
        """Carry out a request, unless it was before, and return its answer.

        Args:
            caller: whose key it is.
            key: as the header has it; None carries it out.
            request: what is asked for, as JSON holds it.

        Raises:
            InvalidParameter: the key can't be one.
            Problem: it stands for another request, or is being carried out.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        if key is None:
            return Given(carry_out(), is_repeated=False)
        place = answer_key(_name(caller, key))
        digest = sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        if held := self._begin(place, digest):
            return Given(_repeated(held, digest), is_repeated=True)
        try:
            answer = carry_out()
        except RedisError:
            # It may have been carried out; to carry it out at once again may do it twice.
            raise
        except Exception:
            self._forget(place)
            raise
        self._keep(place, {"request": digest, "answer": answer})
        return Given(answer, is_repeated=False)

    def _begin(self, place: str, digest: str) -> bytes | None:
        at_work = orjson.dumps({"request": digest})
        with translated(self._url):
            held: Any = self._client.set(place, at_work, nx=True, get=True, ex=_AT_WORK_SECONDS)
        return held if isinstance(held, bytes) else None

    def _keep(self, place: str, kept: Mapping[str, object]) -> None:
        with translated(self._url):
            self._client.set(place, orjson.dumps(kept), ex=KEPT_SECONDS)

    def _forget(self, place: str) -> None:
        with translated(self._url):
            self._client.delete(place)


def _name(caller: str, key: str) -> str:
    found = _KEY.fullmatch(key.strip())
    if not found:
        raise InvalidParameter(HEADER, "expected 1 to 255 printable ASCII characters")
    return sha256(f"{caller} {found[1]}".encode()).hexdigest()[:32]


def _repeated(held: bytes, digest: str) -> Answer:
    kept = orjson.loads(held)
    if kept["request"] != digest:
        raise Problem("idempotency-key-reused", "This key was sent with another request before.")
    if "answer" not in kept:
        raise Problem("idempotency-key-in-use", "The request with this key is being carried out.")
    answer: Answer = kept["answer"]
    return answer
