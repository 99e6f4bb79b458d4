import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from app.console.pages.site.assets import Assets
from app.console.pages.site.words import value_name
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.pages import Browser, text_of

#: What a page of another site, a bot or a guest may have written anywhere.
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def test_browsers_get_a_page_and_programs_what_they_always_got(browser: Browser) -> None:
    assert browser.get("/").headers["content-type"].startswith("text/html")
    for accept in ("application/json", "*/*", ""):
        answer = browser.client.simulate_get("/", headers={"Accept": accept})
        assert answer.json["links"] == "/api/v1/links"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_policy_lets_nothing_in_from_elsewhere(browser: Browser) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "base-uri 'none'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert browser.get("/").headers["referrer-policy"] == "no-referrer"


def test_without_clickhouse_the_page_says_so_and_links_can_be_made(browser: Browser) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    assert "ClickHouse is away" in text_of(page)
    made = browser.send("/links/-/new", page="/", target="https://example.com/", next="/")
    assert made.status_code == 303
    assert "Your short link" in text_of(browser.follow(made))


def test_where_no_key_exists_the_page_says_who_may_come_in(browser: Browser) -> None:
    assert "Open to everybody on this machine" in text_of(browser.get("/"))


@pytest.fixture
def clicked(reporting: Browser, links: Any, migrated_url: str) -> Browser:
    links.create({"target": "https://example.com/"}, code="abc")
    now = datetime.now(UTC).replace(microsecond=0)
    insert_clicks(
        migrated_url,
        *(click_row(now - timedelta(hours=1), country="DE", browser=EVIL) for _ in range(3)),
        click_row(now - timedelta(hours=2), country="FR", referrer_host=EVIL, language=EVIL),
        bot_row(now - timedelta(hours=1), bot=EVIL),
        click_row(now - timedelta(days=40)),
    )
    return reporting


def test_totals_chart_and_cards_are_of_one_report(clicked: Browser) -> None:
    page = clicked.get("/")
    text = text_of(page)
    assert "People 4 +300" in text
    assert "Bots 1" in text
    assert "New links 1" in text
    assert "DE Germany 3 +200 % 75 %" in text
    assert "FR France 1 25 %" in text
    assert "Bots and crawlers 1 100 %" in text
    assert "(not over)" in text
    assert "Ledger balanced" in text
    assert 'class="badge ok" href="/system"' in page.text


def test_what_others_wrote_is_never_markup(clicked: Browser) -> None:
    tabs = "devices=browser&sources=referrer&places=language&bots=bot"
    page = clicked.get(f"/?{tabs}&filter=browser!=x")
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert text_of(page).count("alert(1)") >= 4


def test_a_value_is_a_filter_that_can_be_taken_away(clicked: Browser) -> None:
    page = clicked.get("/?filter=country=DE")
    text = text_of(page)
    assert "Country is Germany" in text
    assert "People 3" in text
    assert "FR France" not in text
    assert 'class="chip" href="/"' in page.text


def test_the_map_has_a_country_in_the_colour_of_its_clicks_that_filters(
    clicked: Browser,
) -> None:
    shown = clicked.get("/?devices=os").text
    drawn = shown[shown.index('<svg class="map"') :].partition("</svg>")[0]
    asset = re.escape(Assets().url("world.svg"))
    assert re.search(f'<use href="{asset}#world"/>', drawn)
    found = re.findall(
        rf'<a href="([^"]+)"[^>]*><title>([^<]+)</title><use class="s(\d)" href="{asset}#(\w\w)"/>',
        drawn,
    )
    by_code = {code: (href, name, int(step)) for href, name, step, code in found}
    assert by_code.keys() == {"DE", "FR"}
    assert by_code["DE"][1] == "Germany: 3"
    assert by_code["DE"][2] > by_code["FR"][2] > 0
    filtered = clicked.get(unescape(by_code["DE"][0]))
    assert "Country is Germany" in text_of(filtered)
    assert "#DE" in filtered.text
    assert "#FR" not in filtered.text


def test_every_place_of_the_map_has_a_name() -> None:
    drawn = Assets()._files["world.svg"].plain.decode()
    places = set(re.findall(r'id="(\w\w)"', drawn))
    assert {"DE", "FR", "US", "JP", "BR"} < places
    assert [each for each in sorted(places) if value_name(each, "country") == each] == []


def test_the_form_for_a_filter_leads_to_its_address(clicked: Browser) -> None:
    answer = clicked.get("/?period=7d&dimension=country&operator=!%3D&value=DE,AT")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?period=7d&filter=country%21%3DDE,AT"
    assert "Country is not Germany or Austria" in text_of(clicked.follow(answer))


def test_a_zone_is_named_and_remembered(clicked: Browser) -> None:
    assert "Asia/Kathmandu" in text_of(clicked.get("/?tz=Asia/Kathmandu"))
    assert "Day (Asia/Kathmandu)" in text_of(clicked.get("/"))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("period=never", "period"),
        ("tz=Nowhere", "tz"),
        ("since=2026-13-01", "since"),
        ("since=2026-05-02&to=2026-05-01", "to"),
        ("filter=nonsense", "filter"),
        ("devices=country", "devices"),
        ("compare=x", "compare"),
        ("interval=x", "interval"),
        ("dimension=x&value=y", "dimension"),
    ],
)
def test_what_cannot_be_answered_is_named(browser: Browser, query: str, field: str) -> None:
    answer = browser.get(f"/?{query}")
    assert answer.status_code == 400
    assert f"{field} :" in text_of(answer)


def test_an_old_report_is_shown_with_its_time_while_clickhouse_is_away(
    clicked: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "People 4" in text_of(clicked.get("/"))

    from app.reports.reading.reader import Reports  # noqa: PLC0415
    from app.stores.clickhouse.connection import ClickHouseUnavailable  # noqa: PLC0415

    def away(*_: object, **__: object) -> None:
        raise ClickHouseUnavailable("away")

    monkeypatch.setattr(Reports, "ask", away)
    text = text_of(clicked.get("/"))
    assert "ClickHouse is away" in text
    assert "These figures are of" in text
    assert "People 4" in text
