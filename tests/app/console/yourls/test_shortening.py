from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.keys.store import KeyStore
from app.links.link import Link
from app.reports.reading.reader import Reports
from app.stores.clickhouse.connection import ClickHouseUnavailable
from tests.app.console.yourls.conftest import Ask
from tests.support.clicks import click_row, insert_clicks
from tests.support.console import SHORT, Broken, client_of

URL = "https://example.com/a?b=c"


def only(links: Any) -> Link:
    [link] = links.links.scan()
    assert isinstance(link, Link)
    return link


def test_a_new_short_url_is_told_as_yourls_does(ask: Ask, links: Any) -> None:
    answer = ask("shorturl", url=URL, keyword="sale", title="Sale")
    link = only(links)
    assert answer.status_code == 200
    made = datetime.fromtimestamp(link.created_ms / 1000, UTC)
    assert answer.json == {
        "url": {
            "keyword": "sale",
            "url": URL,
            "title": "Sale",
            "date": f"{made:%Y-%m-%d %H:%M:%S}",
            "ip": "",
        },
        "status": "success",
        "message": f"{URL} added to database",
        "title": "Sale",
        "shorturl": f"{SHORT}/sale",
        "statusCode": 200,
    }
    assert (link.target, link.title) == (URL, "Sale")


def test_a_keyword_is_made_up_and_a_title_is_the_url(ask: Ask, links: Any) -> None:
    answer = ask("shorturl", url=URL).json
    assert answer["shorturl"] == f"{SHORT}/{only(links).code}"
    assert answer["title"] == answer["url"]["title"] == URL
    assert only(links).title == ""


def test_a_url_that_has_a_short_one_gets_that_with_its_clicks(
    ask: Ask, links: Any, migrated_url: str
) -> None:
    link = links.create({"target": URL, "title": "Sale"}, code="sale")
    rows = [click_row(short_code="sale") for _ in range(3)]
    insert_clicks(migrated_url, *rows, click_row(short_code="sale", is_bot=True, verdict="bot"))
    answer = ask("shorturl", url=URL, keyword="other")
    assert answer.status_code == 200
    assert answer.json == {
        "url": {
            "keyword": "sale",
            "url": URL,
            "title": "Sale",
            "date": f"{datetime.fromtimestamp(link.created_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}",
            "ip": "",
            "clicks": "3",
        },
        "status": "fail",
        "code": "error:url",
        "message": f"{URL} already exists in database",
        "title": "Sale",
        "shorturl": f"{SHORT}/sale",
        "statusCode": 200,
    }
    assert only(links).code == "sale"


def test_a_short_url_is_told_while_clickhouse_is_away(links: Any, keys: KeyStore) -> None:
    links.create({"target": URL}, code="sale")
    client = client_of(Broken(ClickHouseUnavailable("away")), links, keys=keys)
    _, signature = keys.add("ShareX", ["links:write"], of_yourls=True)
    answer = client.simulate_get(
        "/yourls-api.php",
        params={
            "action": "shorturl",
            "url": URL,
            "format": "json",
            "signature": signature.text,
        },
    )
    assert answer.status_code == 200
    assert answer.json["shorturl"] == f"{SHORT}/sale"
    assert answer.json["url"]["clicks"] == ""


def test_a_url_gets_more_than_one_where_that_is_wanted(
    reports: Reports, links: Any, keys: KeyStore
) -> None:
    client = client_of(reports, links, keys=keys, is_unique=False)
    _, signature = keys.add("a", ["links:write"], of_yourls=True)
    params = {"action": "shorturl", "url": URL, "format": "simple", "signature": signature.text}
    found = [client.simulate_get("/yourls-api.php", params=params).text for _ in range(2)]
    assert len(set(found)) == 2
    again = client.simulate_get("/yourls-api.php", params={**params, "source": "plugin"}).text
    assert again == found[1]


@pytest.mark.parametrize("url", ["", "   ", "http://", "https://"])
def test_a_missing_url_is_refused(ask: Ask, url: str) -> None:
    answer = ask("shorturl", url=url)
    assert answer.status_code == 400
    assert answer.json == {
        "status": "fail",
        "code": "error:nourl",
        "message": "Missing or malformed URL",
        "errorCode": 400,
    }


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/", "its scheme is ftp"),
        ("javascript:alert(1)", "javascript"),
        ("http://exa mple.com/", "Missing or malformed URL: target"),
        ("https://example.com/\0", "control character"),
        ("https://" + "a" * 9000, "at most 8000"),
        ("https://user@example.com/", "user"),
    ],
)
def test_a_url_that_nobody_should_be_sent_to_is_refused(
    ask: Ask, links: Any, url: str, said: str
) -> None:
    answer = ask("shorturl", url=url)
    assert (answer.status_code, answer.json["code"]) == (400, "error:nourl")
    assert said in answer.json["message"]
    assert links.links.count() == 0


def test_a_short_url_is_not_shortened(ask: Ask) -> None:
    answer = ask("shorturl", url=f"{SHORT}/sale")
    assert answer.status_code == 400
    assert answer.json["code"] == "error:noloop"
    assert answer.json["message"] == "URL is a short URL"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("example.com", "http://example.com/"),
        ("example.com:8080/a", "http://example.com:8080/a"),
        (" https://example.com/a ", "https://example.com/a"),
        ("https://münchen.example/ü", "https://xn--mnchen-3ya.example/%C3%BC"),
    ],
)
def test_a_url_is_read_as_people_write_it(ask: Ask, links: Any, url: str, target: str) -> None:
    assert ask("shorturl", url=url).json["status"] == "success"
    assert only(links).target == target


def test_a_taken_keyword_is_refused(ask: Ask, links: Any) -> None:
    links.create({"target": "https://example.com/other"}, code="sale")
    answer = ask("shorturl", url=URL, keyword="sale")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "fail",
        "code": "error:keyword",
        "message": "Short URL sale already exists in database or is reserved",
        "statusCode": 200,
    }


@pytest.mark.parametrize("keyword", ["a/b", "-a", "a" * 65, "ä", "<b>"])
def test_a_keyword_that_can_be_none_is_refused_and_never_changed(
    ask: Ask, links: Any, keyword: str
) -> None:
    answer = ask("shorturl", url=URL, keyword=keyword)
    assert (answer.status_code, answer.json["code"]) == (200, "error:keyword")
    assert "expected 1 to 64" in answer.json["message"]
    assert links.links.count() == 0


def test_a_title_is_made_to_fit(ask: Ask, links: Any) -> None:
    ask("shorturl", url=URL, title="  a\r\nb\0 " + "c" * 300)
    assert only(links).title == "a b " + "c" * 196


def test_a_long_url_is_cut_in_what_is_said(ask: Ask) -> None:
    url = f"https://example.com/{'a' * 60}"
    assert ask("shorturl", url=url).json["message"] == f"{url[:55]}[...] added to database"


def test_who_sees_only_some_links_makes_such(
    ask: Ask, sign: Callable[..., str], links: Any
) -> None:
    links.create({"target": URL, "tags": ["theirs"]}, code="theirs")
    signature = sign(tags=("ours",))
    made = ask("shorturl", signature, url=URL).json
    assert made["status"] == "success"
    assert links.get(made["url"]["keyword"]).tags == ("ours",)
    again = ask("shorturl", signature, url=URL).json
    assert (again["code"], again["shorturl"]) == ("error:url", made["shorturl"])
    assert ask("shorturl", signature, url=URL, keyword="theirs").json["code"] == "error:url"
    other = ask("shorturl", signature, url=f"{URL}d", keyword="theirs").json
    assert other["code"] == "error:keyword"
