from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.console.pages.questions.tags import MOST_COMPARED, choose
from app.keys.store import KeyStore
from app.links.tags import Tag
from app.reports.query import BadQuery
from tests.support.clicks import click_row, insert_clicks
from tests.support.pages import Browser, text_of


@pytest.fixture
def clicked(reporting: Browser, links: Any, migrated_url: str) -> Browser:
    for code, tags in (("one", ("sale", "mail")), ("two", ("sale",)), ("three", ("a:b/c",))):
        links.create({"target": "https://example.com/", "tags": tags}, code=code)
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    insert_clicks(
        migrated_url,
        *(click_row(then, short_code="one", utm_campaign="spring") for _ in range(3)),
        *(click_row(then, short_code="two", utm_campaign="") for _ in range(2)),
        click_row(then, short_code="three", utm_campaign=""),
    )
    return reporting


def test_tags_stand_side_by_side_those_of_most_links_first(clicked: Browser) -> None:
    told = text_of(clicked.get("/tags"))
    assert told.index("sale 2 5") < told.index("a:b/c 1 1") < told.index("mail 1 3")
    assert "spring" in told


def test_those_that_are_named_are_compared(clicked: Browser) -> None:
    told = text_of(clicked.get("/tags?with=mail"))
    assert "mail 1 3" in told
    assert "sale 2 5" not in told
    assert clicked.get("/tags?with=nobody").status_code == 400


def test_a_tag_leads_to_its_links_and_its_report(clicked: Browser) -> None:
    page = clicked.get("/tags").text
    assert 'href="/links?tag=a%3Ab/c"' in page
    report = text_of(clicked.get("/?tag=sale"))
    assert "People 5" in report


def test_at_most_five_are_compared() -> None:
    tags = [Tag(f"t{place}", place) for place in range(9)]
    assert [tag.links for tag in choose(tags, [])] == [8, 7, 6, 5, 4]
    assert [tag.name for tag in choose(tags, ["t1", "t3"])] == ["t1", "t3"]
    with pytest.raises(BadQuery) as raised:
        choose(tags, [f"t{place}" for place in range(MOST_COMPARED + 1)])
    assert raised.value.field == "with"


def test_who_sees_some_tags_sees_no_others(guarded: Browser, links: Any, keys: KeyStore) -> None:
    links.create({"target": "https://example.com/", "tags": ("sale",)}, code="one")
    links.create({"target": "https://example.com/", "tags": ("secret",)}, code="two")
    _, credential = keys.add("mine", ("links:read", "stats:read"), tags=("sale",))
    guarded.send("/sign-in", key=credential.text, next="/")
    told = text_of(guarded.get("/tags"))
    assert "sale" in told
    assert "secret" not in told


def test_without_clickhouse_tags_and_their_links_are_there(browser: Browser, links: Any) -> None:
    links.create({"target": "https://example.com/", "tags": ("sale",)}, code="one")
    told = text_of(browser.get("/tags"))
    assert "ClickHouse is away" in told
    assert "sale 1 – – –" in told
