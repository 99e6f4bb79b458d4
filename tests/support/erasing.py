"""Clicks in all the places that an erasure looks at, and what is left of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from app.audit.writer import write_ledger
from app.clicks.click import Click, new_click_id, to_fields
from app.stores.clickhouse.connection import connect
from tests.support.clicks import click_row, insert_clicks

#: Young enough for the ledger.
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
BEGAN_MS = round(BEGAN.timestamp() * 1000)


def click(number: int, code: str = "abc", ip: str = "203.0.113.7") -> Click:
    click_id = new_click_id(BEGAN_MS + number, number.to_bytes(10, "big"))
    return Click(click_id, code, BEGAN_MS // 1000, ip, "Mozilla/5.0", "", "https://example.com/")


def add(redis: Redis, *clicks: Click) -> list[bytes]:
    return [redis.xadd("clicks:stream", to_fields(one)) for one in clicks]


def process(redis: Redis, url: str, *clicks: Click, **columns: Any) -> None:
    """Do what workers do: read, write the ledger, insert, ack."""
    if not redis.exists("clicks:stream"):
        redis.xgroup_create("clicks:stream", "analytics-group", "0", mkstream=True)
    entry_ids = add(redis, *clicks)
    redis.xreadgroup("analytics-group", "c", {"clicks:stream": ">"})
    rows = [
        click_row(
            BEGAN + timedelta(milliseconds=one.time_ms - BEGAN_MS),
            click_id=one.click_id,
            short_code=one.short_code,
            **columns,
        )
        for one in clicks
    ]
    with connect(url, timeout_seconds=30) as client:
        write_ledger(client, [row["click_id"] for row in rows], [row["time"] for row in rows])
    insert_clicks(url, *rows)
    redis.xack("clicks:stream", "analytics-group", *entry_ids)


def codes(tables: Any) -> list[str]:
    return [
        code for (code,) in tables.execute("SELECT short_code FROM clicks FINAL ORDER BY click_id")
    ]


def left(tables: Any) -> tuple[int, int]:
    return tuple(
        tables.execute(f"SELECT count() FROM {table}")[0][0] for table in ("clicks", "ledger")
    )
