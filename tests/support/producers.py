"""Clicks as the redirect sends them, and entries as anybody else might."""

import itertools
import time
from collections.abc import Iterable, Mapping
from typing import Any

from redis import Redis

from app.clicks.click import Click, new_click_id, to_fields

STREAM = "clicks:stream"

_numbers = itertools.count(1)


def make_click(**fields: Any) -> Click:
    """Return a new click of now; give fields to have other values."""
    number = next(_numbers)
    now_ms = time.time_ns() // 1_000_000
    return Click(
        **{
            "click_id": new_click_id(now_ms, number.to_bytes(10, "big")),
            "short_code": f"code{number % 50}",
            "timestamp": now_ms // 1000,
            "ip": f"192.0.2.{number % 250}",
            "user_agent": f"Mozilla/5.0 (X11; Linux x86_64; rv:{number % 99}.0) Firefox/{number}.0",
            "referer": f"https://site{number % 20}.example/",
            "original_url": "https://example.com/",
            **fields,
        }
    )


def send_clicks(redis_url: str, count: int) -> list[Click]:
    """Send new clicks to the stream; return them."""
    clicks = [make_click() for _ in range(count)]
    send(redis_url, map(to_fields, clicks))
    return clicks


def add_entries(redis: Redis, count: int = 10) -> list[bytes]:
    """Add entries that are told apart by a number; return their ids."""
    return [redis.xadd(STREAM, {"number": str(number)}) for number in range(count)]


def send(redis_url: str, entries: Iterable[Mapping[Any, Any]]) -> list[bytes]:
    """Send entries to the stream; return their ids."""
    with Redis.from_url(redis_url) as client:
        pipeline = client.pipeline(transaction=False)
        for fields in entries:
            pipeline.xadd(STREAM, dict(fields))
        return pipeline.execute()


def xadd_of(click: Click) -> bytes:
    """Return the command that a redirect writes to its spool for a click."""
    flat = [text.encode() for pair in to_fields(click).items() for text in pair]
    words = [b"XADD", STREAM.encode(), b"*", *flat]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)
