"""A person with a real browser works with the console: forms, files, keys, signing in and out.

The console runs in this process, over real stores; whatever a page logs as an error, fails to load
or does against its own policy fails the test.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import redis

from app.clicks.click import Click, new_click_id, to_fields
from app.config.settings import Settings
from app.dead_letters.letter import Fault, to_letter
from app.dead_letters.shards import open_all_dead_letters
from app.health.system.system import System
from app.keys.store import KeyStore
from app.links.store import open_store
from app.reports.reading.reader import Reports
from app.stores.redis.client import connect
from tests.support.browsers import Open, opener, texts
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.console import TOKEN, client_of, explained_of

THREE_DAYS = timedelta(days=3)


class _Server(ThreadingMixIn, WSGIServer):
    """A browser asks for several things at once."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    """Requests are no news."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(client: Any) -> Iterator[str]:
    """Yield where a console is found."""
    server = make_server("127.0.0.1", 0, client.app, _Server, _Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def held(make_settings: Any, redis_url: str, migrated_url: str) -> Settings:
    settings: Settings = make_settings(redis_url=redis_url, clickhouse_url=migrated_url)
    return settings


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def links(held: Settings) -> Any:
    return open_store(held)


@pytest.fixture
def open_page(chrome: Any, held: Settings, links: Any) -> Iterator[Open]:
    with Reports(held.clickhouse_url, timeout_seconds=60) as reports:
        console = client_of(
            reports,
            links,
            hosts=("127.0.0.1",),
            letters=open_all_dead_letters(held),
            system=System(held),
            explained=explained_of(held, links),
        )
        with served(console) as address, opener(chrome, address) as open_one:
            yield open_one


def test_a_form_says_what_is_wrong_or_good_while_somebody_types(
    links: Any, open_page: Open
) -> None:
    links.create({"target": "https://example.com/"}, code="typed")
    page = open_page("/links/-/new")
    page.get_by_label("Where it leads").fill("https://example.com/live")
    page.get_by_label("Short code").fill("typed")
    page.locator("#h-code.fault", has_text="is taken: it leads to").wait_for()
    page.get_by_label("Short code").fill("typed2")
    page.locator("#h-code.note", has_text="is free").wait_for()
    page.get_by_label("Click limit").fill("many")
    page.locator("#h-click_limit.fault", has_text="no whole number").wait_for()
    page.locator("summary", has_text="Campaign").click()
    page.get_by_label("Source").fill("mail")
    page.locator("#h-target.note", has_text="live?utm_source=mail").wait_for()
    assert page.locator("#h-expires_at").inner_text().startswith("30d, or")
    assert page.locator("[aria-invalid]").count() == 1


def test_a_file_with_bad_lines_is_looked_at_imported_and_its_bad_lines_are_kept(
    links: Any, open_page: Open, tmp_path: Path
) -> None:
    file = tmp_path / "links.csv"
    good = "".join(f"in{number},https://example.com/{number}\n" for number in range(1_200))
    file.write_text(f"code,target\n{good}a b,https://example.com/\nbad,nowhere\n")
    page = open_page("/links/-/import")
    page.get_by_label("CSV, JSON").set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()
    page.get_by_role("heading", name="nothing is stored yet").wait_for()
    page.get_by_role("button", name="Import 1 200 links").click()
    page.get_by_role("heading", name="What became of the lines").wait_for()
    assert texts(page, ".totals b") == ["1 200", "0", "2"]
    with page.expect_download() as started:
        page.get_by_role("link", name="Download the 2 refused lines").click()
    kept = Path(started.value.path()).read_text()
    assert started.value.suggested_filename == "refused-lines.csv"
    assert [line.split(",")[0] for line in kept.splitlines()] == ["line", "1202", "1203"]
    assert links.links.count() == 1_200


def test_keys_alone_make_a_link_filter_its_figures_and_lead_back(
    held: Settings, open_page: Open
) -> None:
    page = open_page("/links")
    page.keyboard.press("n")
    page.wait_for_url("**/links/-/new")
    press_until(page, "Tab", "document.activeElement.name === 'target'")
    page.keyboard.type("https://example.com/by-keys")
    page.keyboard.press("Tab")
    page.keyboard.type("keys")
    page.locator("#h-code.note").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/links/keys")
    now = datetime.now(UTC)
    rows = [click_row(now - THREE_DAYS, short_code="keys", browser="Firefox") for _ in range(3)]
    insert_clicks(held.clickhouse_url, *rows, click_row(now, short_code="keys", browser="Edge"))
    # The page keeps up by itself.
    page.locator(".totals b", has_text=re.compile(r"^4$")).first.wait_for()
    press_until(page, "Tab", "document.activeElement.closest('#card-devices nav')")
    press_until(page, "Tab", "document.activeElement.textContent === 'Browser'")
    page.keyboard.press("Enter")
    page.wait_for_url("**?devices=browser")
    press_until(page, "Tab", "document.activeElement.textContent.includes('Firefox')")
    page.keyboard.press("Enter")
    page.locator(".chip").wait_for()
    page.locator(".totals b", has_text=re.compile(r"^3$")).first.wait_for()
    # What Alt and the left arrow do, of which a browser without a window knows nothing.
    page.go_back()
    page.locator(".chip").wait_for(state="detached")
    page.keyboard.press("w")
    page.wait_for_url("**period=7d*")


def press_until(page: Any, key: str, condition: str) -> None:
    """Press a key until somebody is where they want to be."""
    for _ in range(150):
        page.keyboard.press(key)
        if page.evaluate(f"Boolean({condition})"):
            return
    pytest.fail(f"{key} leads to nothing of which {condition}")


def test_tags_are_compared_side_by_side(held: Settings, links: Any, open_page: Open) -> None:
    now = datetime.now(UTC)
    for number, tag in enumerate(("autumn", "spring", "winter"), 1):
        links.create({"target": "https://example.com/", "tags": tag}, code=tag)
        rows = [click_row(now, short_code=tag) for _ in range(number)]
        insert_clicks(held.clickhouse_url, *rows, bot_row(short_code=tag, time=now))
    page = open_page("/tags")
    table = page.get_by_role("region", name="Tags side by side").get_by_role("table")
    assert table.locator("tbody tr").count() == 3
    page.get_by_role("checkbox", name="autumn").uncheck()
    # While somebody chooses, the page keeps up with what happens.
    insert_clicks(held.clickhouse_url, click_row(now, short_code="winter"))
    table.get_by_role("row", name="winter").get_by_text("4", exact=True).first.wait_for()
    assert not page.get_by_role("checkbox", name="autumn").is_checked()
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**with=spring&with=winter*")
    rows = [row.split() for row in texts(page, "#figures table tbody tr") if "winter" in row]
    assert rows[0][:3] == ["winter", "1", "4"]
    assert table.locator("tbody tr").count() == 2
    # Another period beside it, and back.
    page.keyboard.press("x")
    page.wait_for_url("**compare=none*")
    page.go_back()
    page.wait_for_url("**with=spring&with=winter")


def test_a_dead_letter_is_sent_again(held: Settings, client: redis.Redis, open_page: Open) -> None:
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    click = Click(
        click_id=new_click_id(now_ms, bytes(10)),
        short_code="dead",
        timestamp=now_ms // 1000,
        ip="203.0.113.7",
        user_agent="Mozilla/5.0",
        referer="",
        original_url="https://example.com/",
    )
    flat = [text.encode() for pair in to_fields(click).items() for text in pair]
    letter = to_letter(b"1790000000000-0", flat, Fault("refused", "for a test"), "me", now_ms)
    client.execute_command("XADD", held.dead_stream, "*", *letter)
    page = open_page("/system")
    page.get_by_role("heading", name="Newest dead letters").wait_for()
    page.get_by_role("button", name="Send again").click()
    page.get_by_role("heading", name="Newest dead letters").wait_for(state="detached")
    [(_, fields)] = client.xrange(held.stream)
    assert fields[b"short_code"] == b"dead"
    assert client.xlen(held.dead_stream) == 0


def test_who_signs_out_is_out_in_every_window(
    chrome: Any, held: Settings, links: Any, client: redis.Redis
) -> None:
    with Reports(held.clickhouse_url, timeout_seconds=60) as reports:
        keys = KeyStore(client, held.redis_url)
        _, credential = keys.add("anna", ("links:read", "links:write", "stats:read"))
        console = client_of(reports, links, TOKEN, hosts=("127.0.0.1",), keys=keys)
        with served(console) as address, opener(chrome, address) as open_page:
            page = open_page("/links?q=a")
            page.wait_for_url("**/sign-in?*")
            page.get_by_label("API key or the console's token").fill(credential.text)
            page.keyboard.press("Enter")
            page.wait_for_url("**/links?q=a")
            other = page.context.new_page()
            other.goto(f"{address}/")
            other.get_by_text("anna").wait_for()
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_url("**/sign-in*")
            other.goto(f"{address}/links")
            other.wait_for_url("**/sign-in?*")
            assert page.context.cookies() == []
