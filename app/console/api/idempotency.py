"""Answers that are kept, so that a request which is sent again is carried out once.

Follows draft-ietf-httpapi-idempotency-key-header. What was refused is not kept: it changed nothing,
and may be sent again as it is.

Rule: what a request shall come to is drafted and kept before the first try. Redis may carry out a
      try and be away before it says so, and a process may die at it: the next try comes to the
      same, so that it doesn't matter which of them did it.
"""

import json
import math
import re
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from app.config.settings import Settings
from app.console.api.problem import InvalidParameter, Problem
from app.stores.keys import answer_key, answer_lease_key
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, translated
from app.stores.scripts import script

if TYPE_CHECKING:
    import redis

HEADER = "Idempotency-Key"
KEPT_SECONDS = 24 * 3600
#: Waits for Redis that a request takes, at most: who died at it holds the key for no longer.
_WAITS = 10
#: Tries that are remembered; those before hold their keys until they are forgotten.
_MOST_LEFT = 1_000
#: The draft writes the key in quotes; most clients don't.
_KEY = re.compile(r'"?([!\x23-\x7e]{1,255})"?')

Answer = Mapping[str, Any]
#: What a request shall come to, as JSON holds it.
Draft = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to carry out a request.

    Attributes:
        draft: what it shall come to, the same as for the try before.
        is_another: whether there was one, which may have done it.
        note: keeps another draft; to be called before that is tried.
    """

    draft: Draft
    is_another: bool = False
    note: Callable[[Draft], object] = lambda _: None


class Given(NamedTuple):
    """An answer, and whether it was given before."""

    answer: Answer
    is_repeated: bool


def open_answers(settings: Settings) -> "KeptAnswers":
    """Return the answers of an installation; it connects when first used."""
    client = connect(settings.redis_url, timeout_seconds=settings.redis_timeout_seconds)
    at_work_seconds = math.ceil(_WAITS * settings.redis_timeout_seconds)
    return KeptAnswers(client, settings.redis_url, at_work_seconds)


class KeptAnswers:
    """Keeps the answers to requests in Redis for a day.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
        at_work_seconds: longer than a request takes.
    """

    def __init__(self, client: "redis.Redis", url: str, at_work_seconds: int = 20) -> None:
        self._client = client
        self._url = url
        self._at_work_seconds = at_work_seconds
        #: Leases of tries of this process that ended while Redis was away, oldest first.
        self._left: deque[bytes] = deque(maxlen=_MOST_LEFT)

    def once(
        self,
        caller: str,
        key: str | None,
        request: object,
        draft: Callable[[], Draft],
        carry_out: Callable[[Attempt], Answer],
    ) -> Given:
        """Carry out a request, unless it was before, and return its answer.

        Args:
            caller: whose key it is.
            key: as the header has it; None carries it out.
            request: what is asked for, as JSON holds it.
            draft: says what it shall come to.

        Raises:
            InvalidParameter: the key can't be one.
            Problem: it stands for another request, or is being carried out.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        if key is None:
            return Given(carry_out(Attempt(draft())), is_repeated=False)
        name = _name(caller, key)
        digest = sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        held = self._held(name, digest)
        if "answer" in held:
            return Given(held["answer"], is_repeated=True)
        new = None if held else {"request": digest, "draft": draft()}
        with self._lease(name):
            # Who was at it until now may have come further.
            held = self._held(name, digest, new)
            if "answer" in held:
                return Given(held["answer"], is_repeated=True)
            answer = self._try(name, held or new or {}, carry_out, is_another=bool(held))
        return Given(answer, is_repeated=False)

    def _try(
        self,
        name: str,
        kept: Mapping[str, Any],
        carry_out: Callable[[Attempt], Answer],
        *,
        is_another: bool,
    ) -> Answer:
        def note(draft: Draft) -> None:
            self._keep(name, {**kept, "draft": draft})

        try:
            answer = carry_out(Attempt(kept["draft"], is_another, note))
        except RedisError:
            # It may have been carried out: the draft stays, for the next try.
            raise
        except Exception:
            if not is_another:
                self._forget(answer_key(name))
            raise
        self._keep(name, {"request": kept["request"], "answer": answer})
        return answer

    def _held(
        self, name: str, digest: str, new: Mapping[str, object] | None = None
    ) -> Mapping[str, Any]:
        """Return what is kept of a request; where that is nothing, keep what is new."""
        place = answer_key(name)
        with translated(self._url):
            held: Any = (
                self._client.get(place)
                if new is None
                else self._client.set(place, orjson.dumps(new), nx=True, get=True, ex=KEPT_SECONDS)
            )
        kept: Mapping[str, Any] = orjson.loads(held) if held else {}
        if kept and kept["request"] != digest:
            raise Problem(
                "idempotency-key-reused", "This key was sent with another request before."
            )
        return kept

    @contextmanager
    def _lease(self, name: str) -> Iterator[None]:
        """Have nobody else try meanwhile.

        If Redis goes away, this process knows that its try is over, and the next one needn't wait.
        """
        lease, ours = answer_lease_key(name), uuid.uuid4().bytes
        try:
            is_taken = self._take(lease, ours)
        except RedisError:
            self._left.append(ours)
            raise
        if not is_taken:
            raise Problem(
                "idempotency-key-in-use", "The request with this key is being carried out."
            )
        try:
            yield
        except RedisError:
            self._left.append(ours)
            raise
        except Exception:
            self._forget(lease)
            raise
        self._forget(lease)

    def _take(self, lease: str, ours: bytes) -> bool:
        """Take a lease, one of a try of ours that is over among that, and tell whether it is so."""
        with translated(self._url):
            held: Any = self._client.set(lease, ours, nx=True, get=True, ex=self._at_work_seconds)
            if held is None:
                return True
            try:
                # Of two who try again at once, one finds it.
                self._left.remove(held)
            except ValueError:
                return False
            take_over = script("app.console.api", "take_over")
            return bool(self._client.eval(take_over, 1, lease, held, ours, self._at_work_seconds))

    def _keep(self, name: str, kept: Mapping[str, object]) -> None:
        with translated(self._url):
            self._client.set(answer_key(name), orjson.dumps(kept), ex=KEPT_SECONDS)

    def _forget(self, place: str) -> None:
        with translated(self._url):
            self._client.delete(place)


def _name(caller: str, key: str) -> str:
    found = _KEY.fullmatch(key.strip())
    if not found:
        raise InvalidParameter(HEADER, "expected 1 to 255 printable ASCII characters")
    return sha256(f"{caller} {found[1]}".encode()).hexdigest()[:32]
