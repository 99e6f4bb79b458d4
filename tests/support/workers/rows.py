"""Rows of the clicks table, as the workers hold them."""

from typing import Any

from app.clicks.rows import Rows

NOON_MS = 1_778_414_400_000


def plain_row(number: int = 0, **columns: Any) -> dict[str, Any]:
    """Return a click's row by column; give columns to have other values."""
    return {
        "click_id": number.to_bytes(16, "big"),
        "time": NOON_MS + number,
        "short_code": b"demo1",
        "target": b"https://example.com/",
        "ip": bytes(10) + b"\xff\xff\xc0\x00\x02\x00",
        "visitor_id": (1 << 64) - 1,
        "country": b"DE",
        "browser": b"Firefox",
        "os": b"Linux",
        "device": b"desktop",
        "is_bot": True,
        "bot": b"Googlebot",
        "referrer_host": b"example.org",
        "referrer": "https://example.org/ü\0".encode(),
        "user_agent": b"Mozilla/5.0",
        "host": b"go.example",
        "language": b"de",
        "geo_version": b"2026-05",
        "enriched_at": NOON_MS + 7,
        "source": b"example.org",
        "channel": b"referral",
        "referrer_domain": b"example.org",
        "utm_source": b"",
        "utm_medium": b"",
        "utm_campaign": "Frühling".encode(),
        "utm_term": b"",
        "utm_content": b"",
        "click_ids": b"",
        "region": b"",
        "city": "Köln, DE".encode(),
        "asn": b"AS64496 Example",
        "second_country": b"",
        "verdict": b"bot",
        "reasons": b"crawler-list",
        "rules_version": b"0.1.0+00000000",
        "data_version": b"crawler-user-agents 1.67.0",
        "browser_version": b"131",
        "os_version": b"",
        "client_hints": b"",
        **columns,
    }


def rows_of(*plain: dict[str, Any]) -> Rows:
    """Return rows as columns."""
    return Rows(*([row[name] for row in plain] for name in Rows._fields))
