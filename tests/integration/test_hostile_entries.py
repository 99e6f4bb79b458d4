"""10,000 entries of a foreign producer's that are no clicks, and good clicks among them."""

import itertools
from collections import Counter

import pytest
from redis import Redis

from app.clicks.click import MAX_FIELD_BYTES
from app.stores.clickhouse.connection import ClickHouseError, connect, translated
from tests.support.producers import STREAM, make_click, send, to_fields
from tests.support.worker_processes import Workers, wait_until

BAD = 10_000
#: One good click for so many bad entries.
GOOD_EVERY = 10
GROUP = "analytics-group"

#: What is changed in a click's fields, None for left out, and why it is no click then.
HOSTILE = [
    ({"short_code": None}, "missing_field"),
    ({"original_url": None, "x": "y"}, "missing_field"),
    (dict.fromkeys(to_fields(make_click())) | {"": ""}, "missing_field"),
    ({"short_code": ""}, "empty_field"),
    ({"original_url": ""}, "empty_field"),
    ({"user_agent": b"\xff\xfe"}, "not_utf8"),
    ({"short_code": b"\xed\xa0\x80"}, "not_utf8"),
    ({"referer": b"\xf0\x28\x8c\xbc"}, "not_utf8"),
    ({"timestamp": ""}, "bad_timestamp"),
    ({"timestamp": "-5"}, "bad_timestamp"),
    ({"timestamp": "1e9"}, "bad_timestamp"),
    ({"timestamp": "NaN"}, "bad_timestamp"),
    ({"timestamp": "1790000000000"}, "bad_timestamp"),
    ({"timestamp": "9" * 5000}, "bad_timestamp"),
    ({"timestamp": "٢٠٢٦"}, "bad_timestamp"),
    ({"timestamp": "1790000000; DROP TABLE clicks"}, "bad_timestamp"),
    ({"user_agent": "x" * (MAX_FIELD_BYTES + 1)}, "too_long"),
    ({"referer": "x" * 20_000}, "too_long"),
    ({"click_id": "1234"}, "bad_click_id"),
    ({"click_id": "g" * 32}, "bad_click_id"),
    ({"click_id": b"\x00" * 32}, "bad_click_id"),
]


@pytest.fixture
def settings(make_settings, valkey, clickhouse):
    return make_settings(
        redis_url=valkey.url,
        clickhouse_url=clickhouse.url("hopline"),
        consumers=2,
        insert_seconds=0.2,
    )


def hostile_entries():
    """Yield entries that are no clicks, and the reason of each."""
    for changes, reason in itertools.islice(itertools.cycle(HOSTILE), BAD):
        fields = {**to_fields(make_click()), **changes}
        yield {name: value for name, value in fields.items() if value is not None}, reason


def stored(settings):
    try:
        with (
            translated(settings.clickhouse_url),
            connect(settings.clickhouse_url, timeout_seconds=30) as client,
        ):
            return {click_id for (click_id,) in client.execute("SELECT click_id FROM clicks")}
    except ClickHouseError:
        return set()


def test_hostile_entries_are_dead_letters_and_hold_nobody_up(settings, valkey, tmp_path):
    clicks = [make_click() for _ in range(BAD // GOOD_EVERY)]
    expected, entries = [], []
    for number, (fields, reason) in enumerate(hostile_entries()):
        entries.append(fields)
        expected.append(reason)
        if number % GOOD_EVERY == 0:
            entries.append(to_fields(clicks[number // GOOD_EVERY]))
            expected.append("")
    entry_ids = send(valkey.url, entries)
    with (
        Workers(settings, tmp_path / "workers.log") as workers,
        Redis.from_url(valkey.url) as redis,
    ):
        wait_until(lambda: len(stored(settings)) == len(clicks))
        # Those behind the last click may not have been read yet, so that none is pending.
        wait_until(lambda: redis.xlen("clicks:dead") == sum(map(bool, expected)))
        wait_until(lambda: redis.xpending(STREAM, GROUP)["pending"] == 0)
        letters = {
            letter[b"entry_id"]: letter[b"reason"].decode()
            for _, letter in redis.xrange("clicks:dead")
        }
        assert workers.stop() == 0
        log = workers.log
    assert stored(settings) == {click.click_id for click in clicks}
    assert Counter(letters.values()) == Counter(filter(None, expected))
    assert letters == {
        entry_id: reason for entry_id, reason in zip(entry_ids, expected, strict=True) if reason
    }
    assert "stopping for" not in log, "the breaker is for faults of ours"
