"""Erasures that are killed, and clicks that come meanwhile."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from redis import Redis

from app.clicks.click import Click
from app.erasure.entries import Entries
from app.erasure.stored import StoredClicks
from app.stores.clickhouse.connection import connect
from app.stores.clickhouse.shards import Shard
from app.stores.keys import WEBHOOKS
from app.stores.scripts import script
from app.times import rfc3339
from app.webhooks.deliveries import enqueue_arguments
from app.webhooks.delivery import Delivery, envelope, new_id, unpack
from app.webhooks.webhook import keys_of
from tests.support.erasing import BEGAN, BEGAN_MS, click, codes, left, process
from tests.support.redirect.waiting import wait_until

Run = Callable[..., Any]


@pytest.mark.parametrize(
    # Nobody of these tests is that visitor: rows are numbered from 1.
    "next_one",
    [("--address", "203.0.113.7"), ("--code", "abc"), ("--visitor", "4000000007")],
)
def test_an_erasure_that_was_killed_is_ended_by_the_next_one_of_whatever(
    hopline: Run,
    tables: Any,
    redis: Redis,
    clickhouse_url: str,
    monkeypatch: pytest.MonkeyPatch,
    next_one: tuple[str, str],
) -> None:
    """Of a row that holds a network nobody could tell whose it is once its entry is gone."""
    process(redis, clickhouse_url, click(1, "mine"), click(2, "neighbour", "203.0.113.8"))

    def be_killed(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("app.erasure.stored.StoredClicks.erase_clicks", be_killed)
        with pytest.raises(MemoryError):
            hopline("erase", "--address", "203.0.113.7", "--yes")
    assert redis.xlen("clicks:stream") == 1
    assert codes(tables) == ["mine", "neighbour"]
    assert hopline("erase", *next_one, "--dry-run").exit_code == 0
    assert codes(tables) == ["mine", "neighbour"]
    assert hopline("erase", *next_one, "--yes").exit_code == 0
    assert codes(tables) == ["neighbour"]
    assert left(tables) == (1, 1)


@pytest.mark.parametrize(
    "next_one", [("--address", "203.0.113.7"), ("--code", "abc"), ("--visitor", "4000000007")]
)
def test_an_erasure_that_was_killed_before_its_last_mark_marks_the_days_when_it_is_run_again(
    hopline: Run,
    tables: Any,
    redis: Redis,
    clickhouse_url: str,
    monkeypatch: pytest.MonkeyPatch,
    next_one: tuple[str, str],
) -> None:
    """Sums that were begun between the first mark and the deletion would count what is gone."""
    process(redis, clickhouse_url, click(1, "mine"))
    erase_clicks = StoredClicks.erase_clicks

    def be_killed_afterwards(*arguments: Any) -> None:
        erase_clicks(*arguments)
        raise MemoryError

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(StoredClicks, "erase_clicks", be_killed_afterwards)
        with pytest.raises(MemoryError):
            hopline("erase", "--address", "203.0.113.7", "--yes")
    assert left(tables) == (0, 0)
    tables.execute("TRUNCATE TABLE click_marks")
    assert hopline("erase", *next_one, "--yes").exit_code == 0
    assert tables.execute("SELECT DISTINCT day FROM click_marks") == [(BEGAN.date(),)]


@pytest.mark.parametrize(
    "next_one", [("--address", "203.0.113.7"), ("--code", "abc"), ("--visitor", "4000000007")]
)
def test_an_erasure_that_was_killed_before_deliveries_reaches_them_by_the_next_one(
    hopline: Run,
    tables: Any,
    redis: Redis,
    clickhouse_url: str,
    monkeypatch: pytest.MonkeyPatch,
    next_one: tuple[str, str],
) -> None:
    process(redis, clickhouse_url, click(1, "mine"), click(2, "neighbour", "203.0.113.8"))
    hopline("webhooks", "add", "https://hooks.example/", "--event", "click.batch")
    (webhook_id,) = [each.decode() for each in redis.hkeys(WEBHOOKS)]
    wait(redis, webhook_id, click(1, "mine"), click(2, "neighbour"))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("app.erasure.deliveries.ToldClicks.erase", _be_killed)
        with pytest.raises(MemoryError):
            hopline("erase", "--address", "203.0.113.7", "--yes")
    assert redis.xlen("clicks:stream") == 1
    assert told(redis, webhook_id) == ["mine", "neighbour"]
    assert hopline("erase", *next_one, "--yes").exit_code == 0
    assert told(redis, webhook_id) == ["neighbour"]


def test_a_delivery_that_cant_be_read_is_said_until_it_is_gone(
    hopline: Run, tables: Any, redis: Redis
) -> None:
    hopline("webhooks", "add", "https://hooks.example/", "--event", "click.batch")
    (webhook_id,) = [each.decode() for each in redis.hkeys(WEBHOOKS)]
    wait(redis, webhook_id, click(1, "mine"))
    records = keys_of(webhook_id)[-2]
    (delivery_id,) = redis.hkeys(records)
    redis.hset(records, delivery_id, b"{")
    ended = hopline("erase", "--code", "mine", "--yes")
    assert ended.exit_code == 1
    said = f"deliveries to the webhook {webhook_id} that can't be read may hold clicks: 1"
    assert said in " ".join(ended.err.split())
    ended = hopline("erase", "--code", "mine", "--yes", "--json")
    assert (ended.exit_code, orjson.loads(ended.out)["unreadable"]) == (1, {webhook_id: 1})
    assert hopline("webhooks", "rm", webhook_id).exit_code == 0
    # Redis refuses a further rewrite while that of the erasure before is at work, and we say so.
    wait_until(lambda: not redis.info("persistence")["aof_rewrite_in_progress"])
    assert hopline("erase", "--code", "mine", "--yes").exit_code == 0


def _be_killed(*_: object, **__: object) -> None:
    raise MemoryError


def wait(redis: Redis, webhook_id: str, *clicks: Click) -> None:
    """Have clicks wait for a webhook, as one delivery."""
    at_ms = BEGAN_MS + 10
    delivery = Delivery(
        id=new_id(at_ms),
        webhook=webhook_id,
        event="click.batch",
        created_ms=at_ms,
        until_ms=at_ms + 1000,
        clicks=len(clicks),
    )
    plain = [
        {"click_id": one.click_id.hex(), "code": one.short_code, "time": rfc3339(one.time_ms)}
        for one in clicks
    ]
    body = envelope("click.batch", at_ms, {"clicks": plain})
    keys, texts = enqueue_arguments([(delivery, body)], at_ms, 1 << 20)
    redis.eval(script("app.webhooks", "enqueue"), len(keys), *keys, *texts)


def told(redis: Redis, webhook_id: str) -> list[str]:
    bodies = map(unpack, redis.hvals(keys_of(webhook_id)[-1]))
    return [one["code"] for body in bodies for one in orjson.loads(body)["data"]["clicks"]]


def test_a_click_that_comes_meanwhile_goes_whole_or_stays_whole(
    hopline: Run,
    tables: Any,
    redis: Redis,
    clickhouse_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process(redis, clickhouse_url, click(1), ip="::ffff:203.0.113.0")
    erase_letters = Entries.erase_letters

    def meanwhile(*args: Any, **named: Any) -> int:
        process(redis, clickhouse_url, click(2), ip="::ffff:203.0.113.0")
        return erase_letters(*args, **named)

    monkeypatch.setattr(Entries, "erase_letters", meanwhile)
    ended = hopline("erase", "--address", "203.0.113.7", "--yes", "--json")
    assert ended.exit_code == 0
    # Without its entry nobody could tell whose the row was.
    assert left(tables) == (redis.xlen("clicks:stream"),) * 2


@pytest.mark.parametrize(("before", "after"), [("1", None), ("77", "77"), (None, None)])
def test_a_lifetime_of_old_parts_that_a_killed_erasure_left_is_taken_back_and_anothers_kept(
    migrated_url: str, before: str | None, after: str | None
) -> None:
    with connect(migrated_url, timeout_seconds=30) as client:
        if before:
            client.execute(f"ALTER TABLE ledger MODIFY SETTING old_parts_lifetime = {before}")
        assert StoredClicks([Shard((client,))], migrated_url).remove_old_parts(lambda _: None)
        query = (
            "SELECT extract(engine_full, 'old_parts_lifetime = (\\\\d+)') FROM system.tables"
            " WHERE database = currentDatabase() AND name IN ('clicks', 'ledger') ORDER BY name"
        )
        assert client.execute(query) == [("",), (after or "",)]
