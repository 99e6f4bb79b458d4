"""Rows of the clicks table for tests that read it."""

import itertools
from datetime import UTC, datetime
from typing import Any

from app.clicks.click import new_click_id
from app.stores.clickhouse.connection import connect, insert_settings

NOON = datetime(2026, 5, 10, 12, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def click_row(time: datetime = NOON, **columns: Any) -> dict[str, Any]:
    """Return a row of a new click of a person; give columns to have other values."""
    number = next(_numbers)
    milliseconds = int(time.timestamp() * 1000)
    return {
        "click_id": new_click_id(milliseconds, number.to_bytes(10, "big")),
        "time": time,
        "short_code": "abc",
        "target": "https://example.com/",
        "ip": "::ffff:203.0.113.0",
        "visitor_id": number,
        "country": "DE",
        "browser": "Firefox",
        "os": "Linux",
        "device": "desktop",
        "is_bot": False,
        "bot": "",
        "referrer_host": "",
        "referrer": "",
        "user_agent": "Mozilla/5.0",
        "host": "go.example",
        "language": "de",
        "geo_version": "2026-05",
        "enriched_at": time,
        "source": "",
        "channel": "direct",
        "verdict": "person",
        **columns,
    }


def bot_row(time: datetime = NOON, bot: str = "Googlebot", **columns: Any) -> dict[str, Any]:
    """Return a row of a new click of a bot."""
    return click_row(time, is_bot=True, bot=bot, verdict="bot", **columns)


def insert_clicks(url: str, *rows: dict[str, Any]) -> None:
    """Insert rows as one block; called twice with the same rows, it inserts them twice."""
    with connect(url, timeout_seconds=30) as client:
        client.execute(
            f"INSERT INTO clicks ({', '.join(rows[0])}) VALUES",
            list(rows),
            settings=insert_settings(client, len(rows)),
        )
