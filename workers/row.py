from typing import NamedTuple


class Row(NamedTuple):
    """A click as the table ``clicks`` holds it: the same columns, in the same order.

    Values have the types that clickhouse-driver writes without converting them: bytes for
    FixedString and IPv6, Unix milliseconds for DateTime64(3).

    Attributes:
        click_id: 16 bytes.
        time: Unix milliseconds, in UTC.
        ip: 16 bytes; an IPv4 address is mapped (RFC 4291 §2.5.5.2), nothing known is ``::``.
        visitor_id: 64 bits that tell apart the visitors of one UTC day.
        country: ISO 3166-1 alpha-2, or ''.
        device: one of :data:`workers.enrich.device.CLASSES`.
        bot: the program's name, or why a browser loaded the link on its own; '' for a human.
        language: primary subtag of the preferred language (RFC 5646), or ''.
        geo_version: which country database answered, or ''.
        enriched_at: Unix milliseconds; of two rows of one click the younger stays.
    """

    click_id: bytes
    time: int
    short_code: str
    target: str
    ip: bytes
    visitor_id: int
    country: str
    browser: str
    os: str
    device: str
    is_bot: bool
    bot: str
    referrer_host: str
    referrer: str
    user_agent: str
    host: str
    language: str
    geo_version: str
    enriched_at: int
