from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.console.shlink import visits
from app.keys.store import KeyStore
from tests.app.console.shlink.conftest import Ask
from tests.support.clicks import bot_row, click_row, insert_clicks


@pytest.fixture
def seven(links: Any, migrated_url: str) -> None:
    """Seven clicks of one link, a minute apart, of which the newest is a program's."""
    links.create({"target": "https://example.com/"}, code="abc")
    now = datetime.now(UTC)
    people = [click_row(now - timedelta(minutes=n)) for n in range(1, 7)]
    insert_clicks(migrated_url, *people)
    insert_clicks(migrated_url, bot_row(now))


def page(ask: Ask, query: str) -> tuple[int, dict[str, int]]:
    found = ask("GET", f"/v3/short-urls/abc/visits?{query}").json["visits"]
    return len(found["data"]), found["pagination"]


@pytest.mark.usefixtures("seven")
def test_a_list_goes_back_to_a_bound_and_says_so(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "LISTED", 5)
    count, pagination = page(ask, "itemsPerPage=3")
    assert (count, pagination["pagesCount"], pagination["totalItems"]) == (3, 2, 7)
    assert pagination["bound"] == 5
    assert page(ask, "itemsPerPage=3&page=2")[0] == 2
    assert page(ask, "itemsPerPage=3&page=3")[0] == 0
    assert page(ask, "page=999999999")[0] == 0
    monkeypatch.setattr(visits, "LISTED", 7)
    assert "bound" not in page(ask, "itemsPerPage=3")[1]


@pytest.mark.usefixtures("seven")
def test_who_asks_for_all_gets_a_page_and_the_number_of_pages(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "_PAGE", 4)
    for query in ("", "itemsPerPage=-1", "itemsPerPage=100000"):
        count, pagination = page(ask, query)
        assert (count, pagination["pagesCount"], pagination["itemsPerPage"]) == (4, 2, 4)


@pytest.mark.usefixtures("seven")
def test_a_period_that_ends_before_it_begins_has_none(ask: Ask) -> None:
    count, pagination = page(ask, "startDate=2030-01-01T00:00:00Z&endDate=2020-01-01T00:00:00Z")
    assert (count, pagination["totalItems"]) == (0, 0)


@pytest.mark.usefixtures("seven")
def test_a_restricted_key_sees_visits_of_its_links_alone(
    ask: Ask, links: Any, keys: KeyStore, migrated_url: str
) -> None:
    for code, tags in (("b", "x,mine"), ("c", "x"), ("d", "also")):
        links.create({"target": "https://example.com/", "tags": tags}, code=code)
        insert_clicks(migrated_url, click_row(datetime.now(UTC), short_code=code))
    _, credential = keys.add("k", ["clicks:read", "stats:read"], tags=["mine", "also"])

    def seen(path: str) -> set[str]:
        answer = ask("GET", f"/v3/{path}", key=credential.text)
        assert answer.status_code == 200
        return {visit["visitedUrl"][-1] for visit in answer.json["visits"]["data"]}

    assert seen("visits/non-orphan") == seen("domains/DEFAULT/visits") == {"b", "d"}
    assert seen("tags/x/visits") == {"b"}
    assert seen("short-urls/d/visits") == {"d"}
    for path in ("short-urls/abc/visits", "short-urls/c/visits"):
        assert ask("GET", f"/v3/{path}", key=credential.text).status_code == 404
    overview = ask("GET", "/v3/visits", key=credential.text).json["visits"]
    assert overview["nonOrphanVisits"]["total"] == 2


def test_a_country_that_nobody_knows_keeps_its_code(
    ask: Ask, links: Any, migrated_url: str
) -> None:
    links.create({"target": "https://example.com/"}, code="abc")
    insert_clicks(migrated_url, click_row(datetime.now(UTC), country="XX"))
    [visit] = ask("GET", "/v3/short-urls/abc/visits").json["visits"]["data"]
    assert visit["visitLocation"]["countryName"] == "XX"
