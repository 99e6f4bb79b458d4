"""Shlink's own client, unmodified, asks a console that runs as in production."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.keys.store import KeyStore
from app.stores.redis.client import connect
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.npm import installed
from tests.support.redirect_servers import ConsoleServer

#: What comes from npm comes once, and takes its time.
pytestmark = pytest.mark.timeout(900)

FOLDER = Path(__file__).parents[3] / "support" / "shlink_sdk"
SHORT = "https://go.example"
ERROR = "https://shlink.io/api/error/"
NOTHING = {"total": 0, "nonBots": 0, "bots": 0}

#: Asks one question after the other; returns the values, or what was thrown.
Ask = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def sdk(cache_dir: Path) -> Path:
    return installed(FOLDER, cache_dir)


@pytest.fixture
def keys(redis_url: str) -> Iterator[KeyStore]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield KeyStore(client, redis_url)


@pytest.fixture
def server(redis_url: str, migrated_url: str, tmp_path: Path) -> Iterator[ConsoleServer]:
    with ConsoleServer(
        tmp_path, redis_url=redis_url, clickhouse_url=migrated_url, public_url=SHORT
    ) as server:
        yield server


@pytest.fixture
def ask(sdk: Path, server: ConsoleServer, keys: KeyStore) -> Ask:
    _, admin = keys.add("shlink", ["admin"])

    def ask(*calls: Any, key: str = admin.text) -> list[Any]:
        ended = subprocess.run(
            ["node", "sdk.mjs", f"http://127.0.0.1:{server.port}", key],
            cwd=sdk,
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return [answer.get("value", answer.get("error")) for answer in json.loads(ended.stdout)]

    return ask


def test_short_urls_are_made_shown_changed_listed_and_deleted(ask: Ask) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0).isoformat()
    made, found, changed, other = ask(
        [
            "createShortUrl",
            {
                "longUrl": "https://example.com/a",
                "customSlug": "my sale",
                "tags": ["Spring", "shop"],
                "title": "Sale",
                "maxVisits": 100,
                "validUntil": until,
            },
        ],
        ["getShortUrl", {"shortCode": "my-sale"}],
        [
            "updateShortUrl",
            {"shortCode": "my-sale", "domain": "DEFAULT"},
            {"longUrl": "https://example.com/b", "maxVisits": None, "tags": [], "title": None},
        ],
        ["createShortUrl", {"longUrl": "https://example.com/c", "shortCodeLength": 10}],
    )
    created = datetime.fromisoformat(made.pop("dateCreated"))
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=5)
    assert made == {
        "shortUrl": f"{SHORT}/my-sale",
        "shortCode": "my-sale",
        "longUrl": "https://example.com/a",
        "tags": ["shop", "spring"],
        "meta": {"validSince": None, "validUntil": until, "maxVisits": 100},
        "domain": None,
        "title": "Sale",
        "crawlable": False,
        "forwardQuery": True,
        "hasRedirectRules": False,
        "visitsSummary": NOTHING,
    }
    assert found.items() >= made.items()
    assert (changed["longUrl"], changed["title"], changed["tags"]) == (
        *("https://example.com/b", None),
        [],
    )
    assert changed["meta"] == {"validSince": None, "validUntil": until, "maxVisits": None}
    assert len(other["shortCode"]) == 10
    pages, by_code, deleted, gone, left = ask(
        ["listShortUrls", {"page": "2", "itemsPerPage": 1}],
        ["listShortUrls", {"orderBy": {"field": "longUrl", "dir": "DESC"}}],
        ["deleteShortUrl", {"shortCode": "my-sale"}],
        ["getShortUrl", {"shortCode": "my-sale"}],
        ["listShortUrls"],
    )
    assert [each["shortCode"] for each in pages["data"]] == ["my-sale"]
    assert pages["pagination"] == {
        "currentPage": 2,
        "pagesCount": 2,
        "itemsPerPage": 1,
        "itemsInCurrentPage": 1,
        "totalItems": 2,
    }
    longest = [each["longUrl"] for each in by_code["data"]]
    assert longest == ["https://example.com/c", "https://example.com/b"]
    assert deleted is None
    assert (gone["type"], gone["status"], gone["shortCode"]) == (
        *(f"{ERROR}short-url-not-found", 404),
        "my-sale",
    )
    assert [each["shortCode"] for each in left["data"]] == [other["shortCode"]]


def test_lists_are_of_what_was_asked_for(ask: Ask) -> None:
    made = [("a", ["x", "y"]), ("b", ["x"]), ("c", [])]
    ask(
        *(
            ["createShortUrl", {"longUrl": f"https://example.com/{n}", "customSlug": n, "tags": t}]
            for n, t in made
        ),
        ["createShortUrl", {"longUrl": "https://example.net/", "customSlug": "d", "maxVisits": 1}],
    )
    asked: list[tuple[dict[str, Any], str]] = [
        ({"tags": ["x", "y"]}, "ba"),
        ({"tags": ["x", "y"], "tagsMode": "all"}, "a"),
        ({"excludeTags": ["y"]}, "dcb"),
        ({"excludeTags": ["x", "y"], "excludeTagsMode": "all"}, "dcb"),
        ({"searchTerm": "EXAMPLE.NET"}, "d"),
        ({"orderBy": {"field": "shortCode", "dir": "ASC"}}, "abcd"),
        ({"orderBy": {"field": "visits", "dir": "DESC"}}, "dcba"),
        ({"endDate": "2020-01-01T00:00:00+01:00"}, ""),
        ({"startDate": "2020-01-01T00:00:00Z"}, "dcba"),
        ({"excludeMaxVisitsReached": True, "excludePastValidUntil": True}, "dcba"),
        ({"domain": "DEFAULT"}, "dcba"),
        ({"domain": "other.example"}, ""),
    ]
    answers = ask(*(["listShortUrls", query] for query, _ in asked))
    found = ["".join(each["shortCode"] for each in answer["data"]) for answer in answers]
    assert found == [expected for _, expected in asked]


def test_what_is_there_already_is_found_where_that_is_asked_for(ask: Ask) -> None:
    wanted = {"longUrl": "https://example.com/a", "tags": ["x"], "findIfExists": True}
    made, again, other, slug, same, taken = ask(
        ["createShortUrl", wanted],
        ["createShortUrl", wanted],
        ["createShortUrl", {**wanted, "tags": ["y"]}],
        ["createShortUrl", {**wanted, "customSlug": "mine"}],
        ["createShortUrl", {**wanted, "customSlug": "mine"}],
        ["createShortUrl", {**wanted, "customSlug": "mine", "longUrl": "https://example.com/b"}],
    )
    assert made["shortCode"] == again["shortCode"] != other["shortCode"]
    assert slug == same
    assert (taken["type"], taken["status"], taken["customSlug"]) == (
        *(f"{ERROR}non-unique-slug", 400),
        "mine",
    )


def test_visits_are_counted_and_listed_newest_first(ask: Ask, migrated_url: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    ask(
        ["createShortUrl", {"longUrl": "https://example.com/", "customSlug": "abc", "tags": ["t"]}],
        ["createShortUrl", {"longUrl": "https://example.com/", "customSlug": "def"}],
    )
    ages = [timedelta(0), timedelta(hours=1), timedelta(days=40), timedelta(days=900)]
    people = [click_row(now - age, city="Berlin", referrer="https://a.example/") for age in ages]
    insert_clicks(migrated_url, *people)
    # Once more, as a consumer does that died before it said so.
    insert_clicks(migrated_url, *people)
    insert_clicks(migrated_url, bot_row(now - timedelta(days=1)))
    insert_clicks(migrated_url, click_row(now, short_code="def", country=""))
    one = {"shortCode": "abc"}
    since = (now - timedelta(days=2)).isoformat()
    overview, link, visits, people_only, second, tag, all_, domain, orphans, recent = ask(
        ["getVisitsOverview"],
        ["getShortUrl", one],
        ["getShortUrlVisits", one],
        ["getShortUrlVisits", one, {"excludeBots": True}],
        ["getShortUrlVisits", one, {"page": 2, "itemsPerPage": 2}],
        ["getTagVisits", "t", {"startDate": since}],
        ["getNonOrphanVisits"],
        ["getDomainVisits", "go.example", {"endDate": since}],
        ["getOrphanVisits", {"type": "base_url"}],
        ["getNonOrphanVisits", {"domain": "other.example"}],
    )
    assert overview == {
        "nonOrphanVisits": {"total": 6, "nonBots": 5, "bots": 1},
        "orphanVisits": NOTHING,
    }
    assert link["visitsSummary"] == {"total": 5, "nonBots": 4, "bots": 1}
    newest = visits["data"][0]
    assert newest == {
        "referer": "https://a.example/",
        "date": now.isoformat(),
        "userAgent": "Mozilla/5.0",
        "visitLocation": {
            "countryCode": "DE",
            "countryName": "Germany",
            "regionName": "",
            "cityName": "Berlin",
            "latitude": None,
            "longitude": None,
            "timezone": None,
            "isEmpty": False,
        },
        "potentialBot": False,
        "visitedUrl": f"{SHORT}/abc",
        "redirectUrl": "https://example.com/",
    }
    dates = [visit["date"] for visit in visits["data"]]
    assert dates == sorted(dates, reverse=True)
    assert [visit["potentialBot"] for visit in visits["data"]] == [False, False, True, False, False]
    assert len(people_only["data"]) == people_only["pagination"]["totalItems"] == 4
    assert second["data"] == visits["data"][2:4]
    assert second["pagination"] == {
        "currentPage": 2,
        "pagesCount": 3,
        "itemsPerPage": 2,
        "itemsInCurrentPage": 2,
        "totalItems": 5,
    }
    assert tag["data"] == visits["data"][:3]
    assert len(all_["data"]) == 6
    assert domain["data"] == visits["data"][3:]
    assert orphans["data"] == recent["data"] == []
    unknown = next(visit for visit in all_["data"] if visit["visitedUrl"].endswith("def"))
    assert unknown["visitLocation"] is None


def test_tags_are_listed_counted_renamed_and_deleted(ask: Ask, migrated_url: str) -> None:
    ask(
        ["createShortUrl", {"longUrl": "https://example.com/", "customSlug": "abc", "tags": ["x"]}],
        ["createShortUrl", {"longUrl": "https://example.com/", "tags": ["x", "y"]}],
    )
    insert_clicks(migrated_url, click_row(), bot_row())
    names, stats, conflict, unknown, renamed, after, deleted, left = ask(
        ["listTags"],
        ["tagsStats"],
        ["editTag", {"oldName": "x", "newName": "y"}],
        ["editTag", {"oldName": "z", "newName": "y"}],
        ["editTag", {"oldName": "x", "newName": "Big News"}],
        ["listTags"],
        ["deleteTags", ["y", "nowhere"]],
        ["listShortUrls"],
    )
    assert names["data"] == ["x", "y"]
    seen = {"total": 2, "nonBots": 1, "bots": 1}
    assert stats["data"] == [
        {"tag": "x", "shortUrlsCount": 2, "visitsSummary": seen},
        {"tag": "y", "shortUrlsCount": 1, "visitsSummary": NOTHING},
    ]
    assert (conflict["type"], conflict["status"]) == (f"{ERROR}tag-conflict", 409)
    assert (unknown["type"], unknown["tag"]) == (f"{ERROR}tag-not-found", "z")
    assert renamed == {"oldName": "x", "newName": "Big News"}
    assert after["data"] == ["big-news", "y"]
    assert deleted == {"tags": ["y", "nowhere"]}
    assert [each["tags"] for each in left["data"]] == [["big-news"], ["big-news"]]


def test_what_there_is_one_of_or_none_is_told_honestly(ask: Ask) -> None:
    ask(["createShortUrl", {"longUrl": "https://example.com/", "customSlug": "abc"}])
    one, rule = {"shortCode": "abc"}, {"longUrl": "https://example.com/b", "conditions": []}
    domains, redirects, refused, rules, no_rules, some, mercure, health, visits, orphans = ask(
        ["listDomains"],
        ["editDomainRedirects", {"domain": "go.example", "baseUrlRedirect": None}],
        ["editDomainRedirects", {"domain": "go.example", "baseUrlRedirect": "https://a.example"}],
        ["getShortUrlRedirectRules", one],
        ["setShortUrlRedirectRules", one, {"redirectRules": []}],
        ["setShortUrlRedirectRules", one, {"redirectRules": [rule]}],
        ["mercureInfo"],
        ["health"],
        ["deleteShortUrlVisits", one],
        ["deleteOrphanVisits"],
    )
    none = dict.fromkeys(("baseUrlRedirect", "regular404Redirect", "invalidShortUrlRedirect"))
    assert domains == {
        "data": [{"domain": "go.example", "isDefault": True, "redirects": none}],
        "defaultRedirects": none,
    }
    assert redirects == none
    assert refused["invalidElements"] == ["baseUrlRedirect"]
    assert rules == no_rules == {"defaultLongUrl": "https://example.com/", "redirectRules": []}
    assert (some["type"], some["invalidElements"]) == (f"{ERROR}invalid-data", ["redirectRules"])
    assert (mercure["type"], mercure["status"]) == (f"{ERROR}mercure-not-configured", 501)
    assert (health["status"], health["version"]) == ("pass", "4.6.0")
    assert visits["invalidElements"] == ["visits"]
    assert orphans == {"deletedVisits": 0}


def test_bad_input_is_named_in_shlink_s_words(ask: Ask) -> None:
    far = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    bad: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["longUrl"]),
        ({"longUrl": "javascript:alert(1)", "maxVisits": -1}, ["longUrl", "maxVisits"]),
        ({"longUrl": "https://a.example/", "customSlug": "a/b"}, ["customSlug"]),
        ({"longUrl": "https://a.example/", "validSince": far}, ["validSince"]),
        ({"longUrl": "https://a.example/", "crawlable": True}, ["crawlable"]),
        ({"longUrl": "https://a.example/", "domain": "other.example"}, ["domain"]),
        ({"longUrl": "https://a.example/", "pathPrefix": "x"}, ["pathPrefix"]),
        ({"longUrl": "https://a.example/", "shortCodeLength": 2}, ["shortCodeLength"]),
        ({"longUrl": f"{SHORT}/abc"}, ["longUrl"]),
    ]
    answers = ask(*(["createShortUrl", body] for body, _ in bad))
    assert [answer["invalidElements"] for answer in answers] == [names for _, names in bad]
    assert {(a["type"], a["status"], a["title"]) for a in answers} == {
        (f"{ERROR}invalid-data", 400, "Invalid data")
    }
    assert "validSince: " in answers[3]["detail"]


def test_a_key_does_what_it_may(ask: Ask, keys: KeyStore) -> None:
    one = {"longUrl": "https://example.com/", "customSlug": "a", "tags": ["mine"]}
    ask(["createShortUrl", one], ["createShortUrl", {**one, "customSlug": "b", "tags": ["x"]}])
    _, reader = keys.add("reader", ["links:read"], tags=["mine"])
    listed, hidden, tags, refused, visits = ask(
        ["listShortUrls"],
        ["getShortUrl", {"shortCode": "b"}],
        ["listTags"],
        ["createShortUrl", {"longUrl": "https://example.com/", "tags": ["mine"]}],
        ["getShortUrlVisits", {"shortCode": "a"}],
        key=reader.text,
    )
    [shown] = listed["data"]
    assert shown["shortCode"] == "a"
    assert shown["visitsSummary"] == {**NOTHING, "unknown": "the key lacks the scope stats:read"}
    assert hidden["type"] == f"{ERROR}short-url-not-found"
    assert tags["data"] == ["mine"]
    assert {refused["status"], visits["status"]} == {403}
    _, writer = keys.add("w", ["links:read", "links:write", "stats:read"], tags=["mine"])
    untagged, made, away, forbidden, counted, other = ask(
        ["createShortUrl", {"longUrl": "https://example.com/"}],
        ["createShortUrl", {"longUrl": "https://example.com/", "tags": ["mine", "new"]}],
        ["updateShortUrl", {"shortCode": "a"}, {"tags": []}],
        ["deleteTags", ["mine"]],
        ["tagsStats"],
        ["deleteShortUrl", {"shortCode": "b"}],
        key=writer.text,
    )
    assert untagged["invalidElements"] == away["invalidElements"] == ["tags"]
    assert made["tags"] == ["mine", "new"]
    assert forbidden["type"] == f"{ERROR}forbidden-tag-operation"
    assert [each["tag"] for each in counted["data"]] == ["mine", "new"]
    assert other["type"] == f"{ERROR}short-url-not-found"
    [unknown] = ask(["listTags"], key="no-key")
    assert (unknown["type"], unknown["status"]) == (f"{ERROR}invalid-api-key", 401)
