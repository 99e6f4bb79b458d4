from collections.abc import Callable
from typing import Any

import pytest

from tests.app.console.yourls.conftest import Ask
from tests.support.clicks import click_row, insert_clicks
from tests.support.console import SHORT

CLICKS = {"one": 1, "three": 3, "two": 2, "none": 0}


@pytest.fixture
def clicked(links: Any, migrated_url: str) -> None:
    """Four links, the last one the newest, with clicks of people, and one of a program each."""
    for created_ms, code in enumerate(CLICKS, 1_700_000_000_000):
        tags = ["few"] if code in ("one", "none") else ["many", "all"]
        given = {"target": f"https://example.com/{code}", "tags": tags}
        links.put_new([links.draft(given, code=code, created_ms=created_ms)])
    rows = [click_row(short_code=code) for code, number in CLICKS.items() for _ in range(number)]
    bots = [click_row(short_code=code, is_bot=True, verdict="bot") for code in CLICKS]
    insert_clicks(migrated_url, *rows, *bots)


def rows(answer: Any) -> list[tuple[str, str]]:
    found = answer.json.get("links", {})
    assert list(found) == [f"link_{number}" for number in range(1, len(found) + 1)]
    return [(each["shorturl"].removeprefix(f"{SHORT}/"), each["clicks"]) for each in found.values()]


@pytest.mark.parametrize("asked", ["sale", f"{SHORT}/sale", f"{SHORT}/sale+", f"{SHORT}/sale?a=b"])
def test_a_short_url_or_its_keyword_is_expanded(ask: Ask, links: Any, asked: str) -> None:
    links.create({"target": "https://example.com/"}, code="sale")
    answer = ask("expand", shorturl=asked)
    assert answer.status_code == 200
    assert answer.json == {
        "keyword": "sale",
        "shorturl": f"{SHORT}/sale",
        "longurl": "https://example.com/",
        "message": "success",
        "statusCode": 200,
    }
    assert ask("expand", shorturl=asked, format="simple").text == "https://example.com/"


@pytest.mark.parametrize("asked", ["unknown", "", "a/b", "\0", "%", "ä", "x" * 9000])
def test_an_unknown_short_url_is_not_found(ask: Ask, asked: str) -> None:
    answer = ask("expand", shorturl=asked)
    assert answer.status_code == 404
    assert answer.json["message"] == "Error: short URL not found"
    assert answer.json["errorCode"] == 404
    assert ask("expand", shorturl=asked, format="simple").text == "not found"
    counted = ask("url-stats", shorturl=asked)
    assert counted.status_code == 404
    assert counted.json == {"statusCode": 404, "message": "Error: short URL not found"}


def test_a_deleted_link_is_as_in_a_database_that_has_it_no_more(ask: Ask, links: Any) -> None:
    links.create({"target": "https://example.com/"}, code="sale")
    links.delete("sale")
    assert ask("expand", shorturl="sale").status_code == 404
    assert ask("url-stats", shorturl="sale").status_code == 404


@pytest.mark.usefixtures("clicked")
def test_a_link_s_clicks_are_those_of_people(ask: Ask) -> None:
    answer = ask("url-stats", shorturl="three")
    assert answer.json == {
        "statusCode": 200,
        "message": "success",
        "link": {
            "shorturl": f"{SHORT}/three",
            "url": "https://example.com/three",
            "title": "https://example.com/three",
            "timestamp": "2023-11-14 22:13:20",
            "ip": "",
            "clicks": "3",
        },
    }
    assert ask("url-stats", shorturl="none").json["link"]["clicks"] == "0"


@pytest.mark.usefixtures("clicked")
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("top", ["three", "two", "one", "none"]),
        ("", ["three", "two", "one", "none"]),
        ("bottom", ["none", "one", "two", "three"]),
        ("last", ["none", "two", "three", "one"]),
    ],
)
def test_links_come_in_the_order_that_was_asked_for(
    ask: Ask, order: str, expected: list[str]
) -> None:
    whole = [(code, str(CLICKS[code])) for code in expected]
    assert rows(ask("stats", filter=order, limit=10)) == whole
    assert rows(ask("stats", filter=order, limit=2)) == whole[:2]
    assert rows(ask("stats", filter=order, limit=2, start=1)) == whole[1:3]
    assert rows(ask("stats", filter=order, limit=2, start=4)) == []


@pytest.mark.usefixtures("clicked")
@pytest.mark.parametrize("order", ["rand", "random"])
def test_links_come_in_any_order(ask: Ask, order: str) -> None:
    found = rows(ask("stats", filter=order, limit=10))
    assert sorted(found) == sorted((code, str(number)) for code, number in CLICKS.items())
    assert len(rows(ask("stats", filter=order, limit=2))) == 2


@pytest.mark.usefixtures("clicked")
def test_all_links_and_clicks_are_counted(ask: Ask) -> None:
    total = {"total_links": "4", "total_clicks": "6"}
    assert ask("db-stats").json == {"db-stats": total, "statusCode": 200, "message": "success"}
    for limit in ("", "0", "-1", "many"):
        assert ask("stats", limit=limit).json == {
            "stats": total,
            "statusCode": 200,
            "message": "success",
        }
    assert ask("stats", format="simple").text == "Need either XML or JSON format for stats"


def test_more_links_than_are_looked_at_are_refused(ask: Ask) -> None:
    answer = ask("stats", filter="top", limit=900, start=101)
    assert answer.status_code == 400
    assert "at most 1000 links" in answer.json["message"]


@pytest.mark.usefixtures("clicked")
@pytest.mark.parametrize(
    ("tags", "codes", "clicks"),
    [(("few",), ["one", "none"], 1), (("many", "all"), ["three", "two"], 5), (("no",), [], 0)],
)
def test_who_sees_only_some_links_is_told_of_these(
    ask: Ask, sign: Callable[..., str], tags: tuple[str, ...], codes: list[str], clicks: int
) -> None:
    signature = sign(tags=tags)
    total = {"total_links": str(len(codes)), "total_clicks": str(clicks)}
    assert ask("db-stats", signature).json["db-stats"] == total
    assert rows(ask("stats", signature, filter="top", limit=9)) == [
        (code, str(CLICKS[code])) for code in codes
    ]
    for code in CLICKS:
        status = 200 if code in codes else 404
        assert ask("url-stats", signature, shorturl=code).status_code == status
        assert ask("expand", signature, shorturl=code).status_code == status
