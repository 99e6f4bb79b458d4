import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.config.settings import Settings
from app.verdicts.rules import RULES
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.console import client_of
from tests.support.pages import Browser, text_of


@pytest.fixture
def clicked(reporting: Browser, links: Any, migrated_url: str) -> Browser:
    links.create({"target": "https://example.com/"}, code="abc")
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    insert_clicks(
        migrated_url,
        *(bot_row(then, reasons="crawler-list,contact") for _ in range(3)),
        bot_row(then, reasons="contact"),
        *(click_row(then, reasons="shadow:click-rate") for _ in range(2)),
        click_row(then, reasons=""),
    )
    return reporting


def test_every_rule_is_there_with_its_mode(reporting: Browser) -> None:
    told = text_of(reporting.get("/bots"))
    assert all(f"{rule.name} {rule.kind}" in told for rule in RULES)
    assert "enforcing" in told
    assert "shadow" in told


def test_a_rule_tells_of_how_many_clicks_it_is_a_reason(clicked: Browser) -> None:
    told = text_of(clicked.get("/bots"))
    assert "enforcing 4 –" in told[told.index("contact bot") :][:250]
    assert "enforcing 3 –" in told[told.index("crawler-list bot") :][:250]


def test_a_rule_in_shadow_tells_what_it_would_change(clicked: Browser) -> None:
    told = text_of(clicked.get("/bots"))
    assert "shadow 0 2 in part" in told[told.index("click-rate bot") :][:250]


def test_what_is_decided_already_would_not_change(
    reporting: Browser, links: Any, migrated_url: str
) -> None:
    links.create({"target": "https://example.com/"}, code="abc")
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    insert_clicks(
        migrated_url,
        *(
            bot_row(then, reasons="crawler-list,shadow:mail-burst,shadow:click-rate")
            for _ in range(4)
        ),
        *(click_row(then, reasons="shadow:mail-burst,shadow:click-rate") for _ in range(2)),
        click_row(then, reasons="datacentre,shadow:click-rate"),
    )
    told = text_of(reporting.get("/bots"))
    assert "shadow 0 3 in part" in told[told.index("click-rate bot") :][:250]
    assert "shadow 0 2 click-rate" in told[told.index("mail-burst scanner") :][:400]


def test_each_class_has_a_line_and_its_last_figures(
    reporting: Browser, links: Any, migrated_url: str
) -> None:
    links.create({"target": "https://example.com/"}, code="abc")
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    day = timedelta(days=1)
    insert_clicks(
        migrated_url,
        *(click_row(noon - 2 * day, is_bot=True, verdict="preview") for _ in range(3)),
        *(click_row(noon - day, is_bot=True, verdict="preview") for _ in range(2)),
        click_row(noon - day, verdict="person"),
    )
    since, to = (noon - 4 * day).date(), (noon - day).date()
    page = reporting.get(f"/bots?since={since}&to={to}&interval=day")
    section = page.text[page.text.index('id="over-time"') :]
    rows = section[: section.index("</table>")].split("<tr>")[2:]
    assert [row.count("<polyline points=") for row in rows] == [1, 1]
    assert [re.findall(r'class="num">(\d+)<', row) for row in rows] == [
        ["5", "0", "3", "2"],
        ["1", "0", "0", "1"],
    ]
    assert "filter=verdict%3Dpreview" in rows[0]


def test_a_rule_leads_to_its_clicks(clicked: Browser) -> None:
    assert "filter=reasons~contact" in clicked.get("/bots").text
    told = text_of(clicked.get("/bots?filter=reasons~contact"))
    assert "People 0" in told
    assert "Bots 4" in told


def test_without_clickhouse_the_rules_are_there(browser: Browser) -> None:
    told = text_of(browser.get("/bots"))
    assert "ClickHouse is away" in told
    assert "no-user-agent bot" in told


def test_own_networks_are_named(reports: Any, links: Any) -> None:
    settings = Settings(own_networks="192.0.2.0/24,2001:db8::/32")
    told = text_of(Browser(client_of(reports, links, settings=settings)).get("/bots"))
    assert "kept and not counted: 192.0.2.0/24 2001:db8::/32" in told
    assert "No network is named" not in told


def test_where_no_network_is_ones_own_the_page_says_how_to_name_one(reporting: Browser) -> None:
    told = text_of(reporting.get("/bots"))
    assert "No network is named as your own: HOPLINE_OWN_NETWORKS keeps" in told
