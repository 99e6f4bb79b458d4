"""Rows of visits that another program has recorded, without I/O.

What our rules can look at they judge: user agent, referrer, address. What they can't is taken from
the file, and such a row is marked (:data:`app.clicks.rows.TOLD`), so that a replay, which has no
more to look at, leaves it as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.clicks.click import Clicks
from app.clicks.count_only import NOBODY
from app.clicks.rows import TOLD, Rows
from workers.enrich.device import CLASSES
from workers.visits.visit import Visit

#: What programs are called that the other program knows for some.
_UNNAMED = b"unnamed"
_DEVICES: Mapping[str, str] = {"phone": "mobile", "smartphone": "mobile", "computer": "desktop"}
_OTHER = "other"


def as_clicks(visits: Sequence[Visit], targets: Mapping[str, str]) -> Clicks:
    """Return visits as clicks.

    Args:
        targets: of the links, by code.
    """
    nothing = [b""] * len(visits)
    return Clicks(
        entry_ids=nothing,
        click_ids=[visit.click_id for visit in visits],
        times_ms=[visit.time_ms for visit in visits],
        short_codes=[visit.code.encode() for visit in visits],
        ips=[visit.ip.encode() for visit in visits],
        user_agents=[visit.user_agent.encode() for visit in visits],
        referers=[visit.referer.encode() for visit in visits],
        original_urls=[targets[visit.code].encode() for visit in visits],
        hosts=nothing,
        accept_languages=nothing,
        fetch_modes=nothing,
        purposes=nothing,
        queries=nothing,
        count_only=nothing,
        owns=nothing,
        client_hints=nothing,
    )


def with_what_was_told(rows: Rows, visits: Sequence[Visit]) -> Rows:
    """Return enriched rows with what the file says where there was nothing to look at.

    Without an address nobody tells visitors apart: such a click has none. Without a user agent the
    other program's word stands for who came with what.
    """
    no_address = [not visit.ip for visit in visits]
    no_agent = [not visit.user_agent for visit in visits]
    marked = [any(pair) for pair in zip(no_address, no_agent, strict=True)]

    def told(name: str, where: Sequence[bool], value: Callable[[Visit], Any]) -> list[Any]:
        column = zip(getattr(rows, name), where, visits, strict=True)
        return [value(visit) if is_there else held for held, is_there, visit in column]

    no_place = [not country for country in rows.country]
    return rows._replace(
        visitor_id=told("visitor_id", no_address, lambda _: NOBODY),
        country=told("country", no_place, lambda visit: visit.country.encode()),
        city=told("city", no_address, _city),
        browser=told("browser", no_agent, lambda visit: visit.browser.encode()),
        os=told("os", no_agent, lambda visit: visit.os.encode()),
        device=told("device", no_agent, _device),
        verdict=told("verdict", no_agent, lambda visit: b"bot" if visit.is_bot else b"person"),
        is_bot=told("is_bot", no_agent, lambda visit: visit.is_bot),
        bot=told("bot", no_agent, lambda visit: _UNNAMED if visit.is_bot else b""),
        reasons=told("reasons", no_agent, lambda _: b""),
        rules_version=told("rules_version", marked, lambda _: TOLD),
    )


def _city(visit: Visit) -> bytes:
    """Return a city with its country, as there are many of one name."""
    return ", ".join(filter(None, (visit.city, visit.country))).encode() if visit.city else b""


def _device(visit: Visit) -> bytes:
    name = _DEVICES.get(visit.device, visit.device)
    return (name if name in CLASSES else _OTHER).encode()
