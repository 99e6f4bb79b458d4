"""Words and figures of the pages: how a value is called, and how a number is written.

Rule: what a browser shows as a link is http or https, whatever stands in a store.
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from app.reports.filters import Dimension
from app.times import EPOCH

#: What people call a dimension.
DIMENSION_NAMES: Mapping[str, str] = {
    "country": "Country",
    "browser": "Browser",
    "os": "System",
    "device": "Device",
    "referrer": "Referrer",
    "bot": "Bot",
    "language": "Language",
    "target": "Target",
    "link": "Link",
    "host": "Host",
    "kind": "Kind",
    "source": "Source",
    "channel": "Channel",
    "utm_source": "UTM source",
    "utm_medium": "UTM medium",
    "utm_campaign": "Campaign",
    "region": "Region",
    "city": "City",
    "asn": "Network",
    "verdict": "Verdict",
    "reasons": "Reason",
}
#: What it means that a click has no value of a dimension.
_NONE: Mapping[str, str] = {
    "referrer": "No referrer: apps, mail, typed",
    "source": "No referrer: apps, mail, typed",
    "channel": "Direct or unknown",
    "utm_campaign": "No campaign",
    "utm_source": "No UTM source",
    "utm_medium": "No UTM medium",
    "bot": "No name",
    "reasons": "No rule says anything",
}
_VERDICTS: Mapping[str, str] = {
    "person": "People",
    "agent": "AI agents for a person",
    "bot": "Bots and crawlers",
    "preview": "Link previews",
    "prefetch": "Prefetches",
    "scanner": "Mail scanners",
    "own": "Own clicks",
    "suspicious": "Suspicious, counted as people",
}
#: Dimensions whose values are words of ours.
_OUR_WORDS = ("device", "channel")


@cache
def _countries() -> Mapping[str, str]:
    lines = (Path(__file__).parent / "countries.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def value_name(value: str, dimension: Dimension) -> str:
    """Return what people call a value of a dimension; '' is one that isn't known."""
    if not value:
        return _NONE.get(dimension, "Unknown")
    if dimension == "country":
        return _countries().get(value, value)
    if dimension == "verdict":
        return _VERDICTS.get(value, value)
    if dimension in _OUR_WORDS:
        return value.upper() if len(value) == 2 else value[:1].upper() + value[1:]
    return value


def number(value: float) -> str:
    """Return a whole number with thin spaces between its groups."""
    return f"{value:,.0f}".replace(",", "\u202f")


def short_number(value: float) -> str:
    """Return a number as a chart's axis or a narrow place has room for."""
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= unit * 10:
            return f"{value / unit:.0f}{letter}"
        if value >= unit:
            return f"{value / unit:.1f}{letter}"
    return f"{value:.0f}"


def percent(share: float) -> str:
    """Return a share of 0 to 1; a small one is never called nothing."""
    if 0 < share < 0.001:
        return "<0.1\u202f%"
    return f"{share * 100:.1f}\u202f%" if share < 0.0995 else f"{share * 100:.0f}\u202f%"


def kept(share: float) -> str:
    """Return the share of a promise that was kept, never rounded up to all of it."""
    return f"{math.floor(share * 100_000 + 1e-6) / 1000:g}\u202f%"


def span(seconds: float) -> str:
    """Return how long something is, in the largest unit that it is whole in or nearly."""
    for unit, name in ((3600, "hour"), (60, "minute")):
        if seconds >= unit:
            count = round(seconds / unit)
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds:.0f} s"


def change(now: int, before: int | None) -> str:
    """Return by how much a figure has changed, '' where there is nothing to compare with."""
    if before is None:
        return ""
    if not before:
        return "new" if now else "±0\u202f%"
    part = (now - before) / before * 100
    if abs(part) >= 1000:
        return f"\u00d7{now / before:.0f}"
    sign = "+" if part > 0 else "\u2212" if part < 0 else "±"
    digits = 0 if abs(part) >= 10 or not part else 1
    return f"{sign}{abs(part):.{digits}f}\u202f%"


def trend(now: int, before: int | None) -> str:
    """Return which way a figure goes: up, down or even."""
    if before is None or now == before:
        return "even"
    return "up" if now > before else "down"


def moment(time: datetime | None, tz: Any, form: str = "%-d %b %Y, %H:%M:%S") -> str:
    """Return a time as the clocks of a zone show it."""
    return "never" if time is None else f"{time.astimezone(tz):{form}}"


def when(seconds: float) -> str:
    """Return a Unix time as it is written in UTC."""
    return f"{EPOCH + timedelta(seconds=seconds):%-d %b %Y, %H:%M:%S} UTC"


def safe_url(text: str) -> str:
    """Return a URL that a page may link to; another leads nowhere."""
    return text if text.lower().startswith(("http://", "https://")) else "#"


FILTERS: Mapping[str, Callable[..., str]] = {
    "number": number,
    "short_number": short_number,
    "percent": percent,
    "kept": kept,
    "span": span,
    "change": change,
    "trend": trend,
    "moment": moment,
    "safe_url": safe_url,
    "value_name": value_name,
    "when": when,
}
