"""The straightforward consumer, run as a script: one click after the other.

redis-py reads 100 entries at a time, ua-parser (with its cache) tells the browser, the standard
library takes addresses and URLs apart, rows are inserted 10,000 at a time, or after a second, and
then acked in one call. It writes the same columns as Hopline, into the same table.
"""

import hashlib
import ipaddress
import os
import time
from typing import Any
from urllib.parse import urlsplit

import maxminddb
import redis
import ua_parser
from clickhouse_driver import Client

_GROUP = "analytics-group"
_ROWS = 10_000
_SECONDS = 1.0
_COLUMNS = (
    "click_id, time, short_code, target, ip, visitor_id, country, browser, os, device, is_bot, bot,"
    " referrer_host, referrer, user_agent, host, language, geo_version, enriched_at"
)


def main() -> None:
    """Consume until the process is ended."""
    stream = os.environ["HOPLINE_STREAM"]
    client = redis.Redis.from_url(os.environ["HOPLINE_REDIS_URL"], decode_responses=True)
    clickhouse = Client.from_url(os.environ["HOPLINE_CLICKHOUSE_URL"])
    database = os.environ.get("HOPLINE_GEOIP_PATH")
    places = maxminddb.open_database(database) if database else None
    entry_ids: list[str] = []
    rows: list[tuple[Any, ...]] = []
    since = time.monotonic()
    while True:
        found = client.xreadgroup(_GROUP, "one", {stream: ">"}, count=100, block=100)
        for entry_id, fields in _entries(found):
            entry_ids.append(entry_id)
            rows.append(_row(fields, places))
        if len(rows) >= _ROWS or (rows and time.monotonic() - since >= _SECONDS):
            clickhouse.execute(f"INSERT INTO clicks ({_COLUMNS}) VALUES", rows)
            client.xack(stream, _GROUP, *entry_ids)
            entry_ids, rows, since = [], [], time.monotonic()


def _entries(found: Any) -> Any:
    """Return the entries of the one stream, whichever protocol redis-py speaks."""
    if not found:
        return ()
    pages = next(iter(found.values())) if isinstance(found, dict) else [found[0][1]]
    return (entry for page in pages for entry in page)


def _row(fields: dict[str, str], places: Any) -> tuple[Any, ...]:
    user_agent = fields["user_agent"]
    parsed = ua_parser.parse(user_agent)
    address = ipaddress.ip_address(fields["ip"])
    place = places.get(address) if places else None
    country = place.get("country_code", "") if place else ""
    click_id = bytes.fromhex(fields["click_id"])
    family = parsed.user_agent.family if parsed.user_agent else ""
    is_bot = "bot" in user_agent.lower()
    digest = hashlib.blake2b(address.packed + user_agent.encode(), digest_size=8).digest()
    return (
        click_id,
        int.from_bytes(click_id[:6], "big"),
        fields["short_code"],
        fields["original_url"],
        ipaddress.ip_network(
            f"{address}/{24 if address.version == 4 else 48}", strict=False
        ).network_address.packed.rjust(16, b"\0"),
        int.from_bytes(digest, "big"),
        country,
        family,
        parsed.os.family if parsed.os else "",
        "mobile" if "Mobile" in user_agent else "desktop",
        is_bot,
        family if is_bot else "",
        urlsplit(fields["referer"]).hostname or "",
        fields["referer"],
        user_agent,
        fields.get("host", ""),
        fields.get("accept_language", "")[:2],
        "",
        time.time_ns() // 1_000_000,
    )


if __name__ == "__main__":
    main()
