import signal
import time
from collections.abc import Callable

from redis import Redis

from app.clicks.click import to_fields
from tests.support.producers import STREAM, make_click

GROUP = "analytics-group"

GIVE_UP_SECONDS = 120.0


class SignalWhen:
    """A signal that comes once a condition holds; it fails the test when that takes too long."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        self._condition = condition
        self._give_up_at = time.monotonic() + GIVE_UP_SECONDS
        self._came = False

    def take(self) -> list[signal.Signals]:
        self._came = self._came or self._condition()
        assert self._came or time.monotonic() < self._give_up_at, "nothing came of it"
        return [signal.SIGTERM] if self._came else []

    def wait(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.1))


def is_idle(redis: Redis, count: int) -> bool:
    """Whether the group has read so many entries and has acked them all."""
    groups = redis.xinfo_groups(STREAM) if redis.exists(STREAM) else []
    return bool(groups) and (groups[0]["entries-read"] or 0) >= count and not groups[0]["pending"]


def dead_letters(redis: Redis) -> list[tuple[bytes, bytes]]:
    return [(fields[b"entry_id"], fields[b"reason"]) for _, fields in redis.xrange("clicks:dead")]


MALFORMED = {
    "a field is missing": ({"ip": None}, b"missing_field"),
    "the short code is empty": ({"short_code": ""}, b"empty_field"),
    "the target is empty": ({"original_url": ""}, b"empty_field"),
    "a text is not UTF-8": ({"user_agent": b"\xff\xfe"}, b"not_utf8"),
    "the timestamp is negative": ({"timestamp": "-5"}, b"bad_timestamp"),
    "the timestamp is absurd": ({"timestamp": "99999999999"}, b"bad_timestamp"),
    "the timestamp is in milliseconds": ({"timestamp": "1790000000000"}, b"bad_timestamp"),
    "the timestamp is no number": ({"timestamp": "now"}, b"bad_timestamp"),
    "the user agent has a megabyte": ({"user_agent": "x" * (1 << 20)}, b"too_long"),
    "the click id is no id": ({"click_id": "1234"}, b"bad_click_id"),
}


def malformed(changes: dict[str, object]) -> dict[str, object]:
    fields = {**to_fields(make_click()), **changes}
    return {name: value for name, value in fields.items() if value is not None}
