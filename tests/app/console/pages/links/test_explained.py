from typing import Any

import pytest

from app.clicks.click import Click, new_click_id, to_fields
from app.config.settings import Settings
from app.console.pages.links.explained import stages_of
from app.keys.caller import Scope
from app.keys.store import KeyStore
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks
from tests.support.console import TOKEN, Broken, client_of, explained_of
from tests.support.pages import Browser, text_of

EVIL = "<img src=x onerror=alert(1)>"
NOON_MS = int(NOON.timestamp() * 1000)


@pytest.fixture
def held(make_settings: Any, redis_url: str, migrated_url: str) -> Settings:
    settings: Settings = make_settings(redis_url=redis_url, clickhouse_url=migrated_url)
    return settings


@pytest.fixture
def asking(reports: Any, links: Any, held: Settings) -> Browser:
    return Browser(client_of(reports, links, explained=explained_of(held, links)))


def enter(held: Settings) -> Click:
    """Have a click enter the stream, where no worker is."""
    click = Click(
        click_id=new_click_id(NOON_MS, bytes(10)),
        short_code="abc",
        timestamp=NOON_MS // 1000,
        ip="203.0.113.7",
        user_agent=f"Mozilla/5.0 {EVIL}",
        referer="https://news.example/",
        original_url="https://example.com/",
    )
    with connect(held.redis_url, timeout_seconds=30) as client:
        client.xadd(held.stream, to_fields(click))
    return click


def test_a_stored_click_says_why_it_counts_and_what_is_kept(
    asking: Browser, migrated_url: str
) -> None:
    row = bot_row(
        reasons="bot-word,shadow:headless", rules_version="r1", country="FR", user_agent=EVIL
    )
    insert_clicks(migrated_url, row)
    page = asking.get(f"/clicks/{row['click_id'].hex()}")
    text = text_of(page)
    for said in (
        "Where it is: stored, and in every report",
        "10 May 2026, 12:00:00.000 UTC",
        "Why it counts as none of a person's",
        "2 of",
        "what was in shadow is recorded and decided nothing",
        "rules version r1",
        "Country France",
        "What was forgotten",
    ):
        assert said in text, said
    assert 'href="/links/abc/clicks?filter=country%3DFR&amp;period=all"' in page.text
    assert EVIL not in page.text
    assert "data-live" not in page.text


def test_a_persons_click_says_that_no_rule_speaks(asking: Browser, migrated_url: str) -> None:
    row = click_row(NOON)
    insert_clicks(migrated_url, row)
    insert_clicks(migrated_url, row | {"enriched_at": NOON.replace(hour=13)})
    text = text_of(asking.get(f"/clicks/{row['click_id'].hex()}"))
    assert "No rule says anything: it counts as a person's" in text
    assert "Stored 2 times, counted once" in text


def test_a_bots_click_of_which_no_rule_is_kept_counts_as_no_persons(
    asking: Browser, migrated_url: str
) -> None:
    row = bot_row()
    insert_clicks(migrated_url, row)
    text = text_of(asking.get(f"/clicks/{row['click_id'].hex()}"))
    assert "It counts as none of a person's; which rule said so isn't stored" in text
    assert "counts as a person's" not in text


def test_a_click_on_its_way_is_looked_at_until_it_is_stored(
    asking: Browser, held: Settings
) -> None:
    click = enter(held)
    page = asking.get(f"/clicks/{click.click_id.hex()}")
    text = text_of(page)
    assert "in the stream, and no worker has read it yet" in text
    assert "No rule was asked yet" in text
    assert 'id="figures" data-live="2"' in page.text
    assert EVIL not in page.text
    # What no row would keep isn't shown either.
    assert "203.0.113.7" not in page.text


def test_without_clickhouse_what_redis_has_is_told(links: Any, held: Settings) -> None:
    away = held.model_copy(update={"clickhouse_url": "clickhouse://127.0.0.1:1/hopline"})
    reports = Broken(ClickHouseUnavailable("away"))
    browser = Browser(client_of(reports, links, explained=explained_of(away, links)))
    click = enter(held)
    assert "ClickHouse is away" in text_of(browser.get(f"/clicks/{click.click_id.hex()}"))
    assert browser.get(f"/clicks/{'0' * 32}").status_code == 503


@pytest.mark.parametrize(("text", "status"), [("0" * 32, 404), ("abc", 400), ("%00", 400)])
def test_what_is_no_click_is_a_page_that_says_so(asking: Browser, text: str, status: int) -> None:
    answer = asking.get(f"/clicks/{text}")
    assert answer.status_code == status
    assert "<h1>" in answer.text


def test_who_may_see_no_clicks_or_not_this_one_sees_none(
    reports: Any, links: Any, held: Settings, keys: KeyStore, migrated_url: str
) -> None:
    links.create({"target": "https://example.com/", "tags": "theirs"}, code="abc")
    row = click_row(NOON)
    insert_clicks(migrated_url, row)
    explained = explained_of(held, links)
    browser = Browser(client_of(reports, links, TOKEN, keys=keys, explained=explained))
    path = f"/clicks/{row['click_id'].hex()}"
    asked: tuple[tuple[Scope, tuple[str, ...], int], ...] = (
        ("stats:read", (), 403),
        ("clicks:read", ("own",), 404),
        ("clicks:read", ("theirs",), 200),
    )
    for scope, tags, status in asked:
        _, credential = keys.add("some", (scope,), tags=tags)
        browser.send("/sign-in", key=credential.text)
        assert browser.get(path).status_code == status


def test_each_stage_has_the_time_since_the_one_before_that_is_known() -> None:
    told = [
        {"stage": "clicked", "time": "2026-05-10T12:00:00.000Z", "note": ""},
        {"stage": "spooled", "time": None, "note": "waits"},
        {"stage": "entered", "time": "2026-05-10T12:00:00.004Z", "note": ""},
        {"stage": "enriched", "time": "2026-05-10T12:00:01.004Z", "note": ""},
        {"stage": "stored", "time": None, "note": ""},
    ]
    assert [stage.after_ms for stage in stages_of(told)] == [None, None, 4, 1000, None]
