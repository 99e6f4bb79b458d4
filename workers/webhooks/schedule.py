"""Schedule of deliveries: what an answer means, when the next try is, how long a receiver rests."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal

from workers.webhooks.sending import Answer

Verdict = Literal["delivered", "again", "gone"]

#: Before the second try of a delivery, and the most before a later one.
_FIRST_SECONDS = 5.0
_MOST_SECONDS = 14_400.0
_GROWTH = 3
#: Tries in a row that fail, of whatever deliveries, before the receiver rests; how long at most.
FAILURES_BEFORE_REST = 3
_MOST_REST_SECONDS = 300.0
#: Longest that a receiver may have us wait.
MOST_RETRY_AFTER_SECONDS = 86_400.0
#: By how much of itself a wait may be shorter or longer.
_JITTER = 0.2


def verdict(answer: Answer) -> Verdict:
    """Return what an answer means."""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return "delivered"
    return "gone" if answer.status == HTTPStatus.GONE else "again"


def reason(answer: Answer) -> str:
    """Say why an answer means that nothing was delivered; '' when it does not."""
    if answer.error or verdict(answer) == "delivered":
        return answer.error
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return "redirects are not followed"
    try:
        return HTTPStatus(answer.status).phrase
    except ValueError:
        return "no status that means success"


def retry_after_seconds(value: str, now: datetime) -> float:
    """Return how long a Retry-After header has us wait (RFC 9110 §10.2.3), within bounds.

    Args:
        value: seconds, or a date; whatever is neither says nothing.
        now: with its zone.
    """
    text = value.strip()
    if text.isascii() and text.isdecimal():
        seconds = float(text[:12])
    else:
        try:
            date = parsedate_to_datetime(text)
            seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(max(seconds, 0.0), MOST_RETRY_AFTER_SECONDS)


def retry_seconds(tries: int, fraction: Callable[[], float] = random.random) -> float:
    """Return how long a delivery waits after so many tries that failed."""
    seconds = _FIRST_SECONDS * _GROWTH ** min(max(tries, 1) - 1, 20)
    return _jittered(min(seconds, _MOST_SECONDS), fraction)


def rest_seconds(failures: int, fraction: Callable[[], float] = random.random) -> float:
    """Return how long a receiver rests after so many tries in a row that failed."""
    if failures < FAILURES_BEFORE_REST:
        return 0.0
    seconds = _FIRST_SECONDS * 2 ** min(failures - FAILURES_BEFORE_REST, 20)
    return _jittered(min(seconds, _MOST_REST_SECONDS), fraction)


def _jittered(seconds: float, fraction: Callable[[], float]) -> float:
    return seconds * (1 - _JITTER + 2 * _JITTER * fraction())
