"""Where Shlink would go through everything, there is a bound, and it is said."""

from typing import Any

import pytest

from app.console.shlink import short_urls, speaking, tags
from app.links import numbered
from tests.app.console.shlink.conftest import Ask


@pytest.fixture(autouse=True)
def three(links: Any) -> None:
    for code in "abc":
        links.create({"target": f"https://example.com/{code}", "tags": "x"}, code=code)


def refused(ask: Ask, path: str) -> list[str]:
    answer = ask("GET", f"/v3/{path}")
    assert (answer.status_code, answer.json["title"]) == (400, "Invalid data")
    found: list[str] = answer.json["invalidElements"]
    return found


def test_short_urls_that_are_too_many_to_count_aren_t_ordered_by_visits(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(short_urls, "_COUNTED", 2)
    assert refused(ask, "short-urls?orderBy=visits-DESC") == ["orderBy"]
    answer = ask("GET", "/v3/short-urls?orderBy=visits-DESC&searchTerm=example.com/a")
    assert [each["shortCode"] for each in answer.json["shortUrls"]["data"]] == ["a"]


def test_tags_are_counted_up_to_a_bound(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "_COUNTED", 2)
    assert refused(ask, "tags/stats") == ["itemsPerPage"]
    assert ask("GET", "/v3/tags").json["tags"]["data"] == ["x"]


def test_a_tag_of_too_many_short_urls_has_no_list_of_visits(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "MAX_TAGGED", 2)
    assert refused(ask, "tags/x/visits") == ["tag"]


def test_a_list_in_another_order_says_how_far_it_goes(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbered, "_PIECE", 1)
    monkeypatch.setattr(numbered.matching, "__kwdefaults__", {"tag": None, "most": 2})
    found = ask("GET", "/v3/short-urls?orderBy=shortCode-ASC").json["shortUrls"]
    assert [each["shortCode"] for each in found["data"]] == ["b", "c"]
    assert found["pagination"]["bound"] == numbered.LOOKED_AT
    whole = ask("GET", "/v3/short-urls").json["shortUrls"]
    assert len(whole["data"]) == 3
    assert "bound" not in whole["pagination"]
    body = {"longUrl": "https://example.com/a", "title": "x", "findIfExists": True}
    answer = ask("POST", "/v3/short-urls", json=body)
    assert answer.json["invalidElements"] == ["findIfExists"]
    del body["title"]
    assert ask("POST", "/v3/short-urls", json=body).json["shortCode"] == "a"
