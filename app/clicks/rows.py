"""Rows that the table ``clicks`` takes, as columns."""

from collections.abc import Sequence
from typing import NamedTuple

#: Stands for the version of the rules in a row of which only another program could tell.
TOLD = b"told"


class Rows(NamedTuple):
    """Clicks as the table ``clicks`` holds them: its columns in its order, each alike in length.

    Values have the types that clickhouse-driver writes without converting them: bytes for String,
    FixedString and IPv6, Unix milliseconds for DateTime64(3).

    Attributes:
        click_id: 16 bytes.
        time: Unix milliseconds, in UTC.
        ip: 16 bytes; an IPv4 address is mapped (RFC 4291 §2.5.5.2), nothing known is ``::``.
        visitor_id: 64 bits that tell apart the visitors of one UTC day; 0 for a click that is only
            counted (:mod:`app.clicks.count_only`).
        country: ISO 3166-1 alpha-2, or ''.
        device: one of :data:`workers.enrich.device.CLASSES`.
        bot: the program's name, why a browser loaded the link on its own, or another name for who
            doesn't count as a person; '' for who does.
        language: primary subtag of the preferred language (RFC 5646), or ''.
        geo_version: which databases answered for the place, or ''.
        enriched_at: Unix milliseconds; of two rows of one click the younger stays.
        source: by name where it is known, as in
            :class:`workers.enrich.source.attribution.Attribution`, like the columns behind it.
        region: as in :class:`workers.enrich.places.place.Place`, like the columns behind it.
        verdict: one of :data:`app.verdicts.rule.Kind`.
        reasons: names of the rules that matched, with commas between.
        rules_version, data_version: what the row was made with; the first is :data:`TOLD` where
            another program's word stands for what rules would look at.
        browser_version: major number, or ''.
        os_version: the same; with a ``+`` where a browser says it of later ones as well.
        client_hints: as a :class:`workers.enrich.client_hints.ClientHints` is kept, or ''.
    """

    click_id: Sequence[bytes]
    time: Sequence[int]
    short_code: Sequence[bytes]
    target: Sequence[bytes]
    ip: Sequence[bytes]
    visitor_id: Sequence[int]
    country: Sequence[bytes]
    browser: Sequence[bytes]
    os: Sequence[bytes]
    device: Sequence[bytes]
    is_bot: Sequence[bool]
    bot: Sequence[bytes]
    referrer_host: Sequence[bytes]
    referrer: Sequence[bytes]
    user_agent: Sequence[bytes]
    host: Sequence[bytes]
    language: Sequence[bytes]
    geo_version: Sequence[bytes]
    enriched_at: Sequence[int]
    source: Sequence[bytes]
    channel: Sequence[bytes]
    referrer_domain: Sequence[bytes]
    utm_source: Sequence[bytes]
    utm_medium: Sequence[bytes]
    utm_campaign: Sequence[bytes]
    utm_term: Sequence[bytes]
    utm_content: Sequence[bytes]
    click_ids: Sequence[bytes]
    region: Sequence[bytes]
    city: Sequence[bytes]
    asn: Sequence[bytes]
    second_country: Sequence[bytes]
    verdict: Sequence[bytes]
    reasons: Sequence[bytes]
    rules_version: Sequence[bytes]
    data_version: Sequence[bytes]
    browser_version: Sequence[bytes]
    os_version: Sequence[bytes]
    client_hints: Sequence[bytes]
