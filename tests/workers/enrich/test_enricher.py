import pytest

from app.bots import Bots
from app.click import Click, new_click_id
from workers.enrich.address import parse_address
from workers.enrich.browser import Browsers
from workers.enrich.enricher import Enricher
from workers.enrich.place import Places
from workers.enrich.visitor import Visitors

NOW_MS = 1_790_000_000_123
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36"
)


@pytest.fixture(scope="module")
def enricher(country_database) -> Enricher:
    visitors = Visitors(lambda _day: bytes(32))
    return Enricher(Browsers(), Bots(), Places(country_database), visitors, "network")


def click(**changes: object) -> Click:
    fields = {
        "click_id": new_click_id(NOW_MS, bytes(10)),
        "short_code": "demo1",
        "timestamp": NOW_MS // 1000,
        "ip": "8.8.8.8",
        "user_agent": CHROME,
        "referer": "https://www.example.org/page",
        "original_url": "https://example.com/",
        "host": "Go.Example",
        "accept_language": "de-DE,de;q=0.9",
    }
    return Click(**{**fields, **changes})


def test_a_click_becomes_a_row(enricher):
    row = enricher.enrich(click(), NOW_MS + 5)
    assert row._asdict() | {"visitor_id": 0, "geo_version": ""} == {
        "click_id": click().click_id,
        "time": NOW_MS,
        "short_code": "demo1",
        "target": "https://example.com/",
        "ip": parse_address("8.8.8.0"),
        "visitor_id": 0,
        "country": "US",
        "browser": "Chrome",
        "os": "Windows",
        "device": "desktop",
        "is_bot": False,
        "bot": "",
        "referrer_host": "example.org",
        "referrer": "https://www.example.org/page",
        "user_agent": CHROME,
        "host": "go.example",
        "language": "de",
        "geo_version": "",
        "enriched_at": NOW_MS + 5,
    }
    assert row.geo_version


def test_a_crawler_is_a_bot_by_name_and_device(enricher):
    row = enricher.enrich(click(user_agent="Googlebot/2.1"), NOW_MS)
    assert (row.is_bot, row.bot, row.device) == (True, "Googlebot", "bot")


def test_a_browser_that_loads_ahead_is_no_visitor_yet(enricher):
    row = enricher.enrich(click(purpose="prefetch;prerender"), NOW_MS)
    assert (row.is_bot, row.bot, row.device) == (True, "prerender", "desktop")


def test_the_six_fields_alone_make_a_row(enricher):
    row = enricher.enrich(
        click(host="", accept_language="", ip="", user_agent="", referer=""), NOW_MS
    )
    assert (row.host, row.language, row.country, row.device) == ("", "", "", "other")
    assert row.ip == bytes(16)


def test_an_id_of_random_bytes_does_not_date_the_click(enricher):
    random_id = b"\xff\xff\xff\xff\xff\xff\x7f" + bytes(9)
    assert enricher.enrich(click(click_id=random_id), NOW_MS).time == NOW_MS // 1000 * 1000
