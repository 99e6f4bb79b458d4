"""People with real browsers watch clicks as they come, in several tabs, until they sign out."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import sync_playwright

from app.clicks.click import Click, new_click_id, to_fields
from app.console.pages.site.assets import Assets
from app.keys.store import KeyStore
from app.stores.redis.client import connect
from tests.support.metrics_scraper import Scraper
from tests.support.redirect_servers import ConsoleServer
from tests.support.worker_processes import wait_until

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
#: Longest wait for what a page comes to; nothing that is waited for takes as long.
LONGEST_MS = 60_000
NO_LOCKS = "delete Navigator.prototype.locks"
#: A feed that steals the lock, in a page whose locks, clock and timers are ours: how many streams
#: it has opened once the lock is its own, and whether it has let go of that at once.
STEAL = """async ([url, stops]) => {
  const { feed } = await import(url), granted = [];
  let look, ahead = 0, opened = 0;
  const request = (name, how, then) => {
    if (how.steal) granted.push(then);
    return new Promise(() => {});
  };
  Object.defineProperty(navigator, "locks", { value: { request } });
  window.EventSource = function () {
    opened += 1;
    return { addEventListener() {}, close() {} };
  };
  window.setInterval = (then) => { look = then; return 1; };
  performance.now = () => ahead;
  const clicks = feed("/events", "test", () => {});
  clicks.start();
  ahead = 60_000;
  look();
  if (stops) clicks.stop();
  let isFree = false;
  granted.pop()().then(() => { isFree = true; });
  await null;
  return { opened, isFree };
}"""
Open = Callable[..., Any]

_numbers = iter(range(1, 10**9))


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Any]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def console(redis_url: str, tmp_path: Path) -> Iterator[ConsoleServer]:
    away = "clickhouse://127.0.0.1:1/hopline"
    with ConsoleServer(tmp_path, redis_url=redis_url, clickhouse_url=away) as server:
        yield server


@pytest.fixture
def redis(redis_url: str) -> Iterator[Any]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def browser(chrome: Any) -> Iterator[Any]:
    context = chrome.new_context()
    context.set_default_timeout(LONGEST_MS)
    yield context
    context.close()


@pytest.fixture
def tab(browser: Any, console: ConsoleServer) -> Open:
    """Return what opens a tab of a browser at a page of the console."""

    def open_tab(path: str = "/live") -> Any:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{console.port}{path}")
        return page

    return open_tab


def add(redis: Any, code: str) -> None:
    click_id = new_click_id(1_790_000_000_000, next(_numbers).to_bytes(10, "big"))
    target = "https://example.com/"
    click = Click(click_id, code, 1_790_000_000, "203.0.113.7", "Firefox/145.0", "", target)
    redis.xadd("clicks:stream", to_fields(click))


def is_watching(page: Any) -> None:
    page.locator("#rate", has_text="up to date").wait_for()


def shows(page: Any, code: str) -> None:
    page.locator("#ticks td", has_text=f"/{code}").first.wait_for()


def watched(console: ConsoleServer, streams: int) -> None:
    wait_until(lambda: Scraper(console.port).sum("hopline_console_live_streams") == streams)


def test_all_tabs_of_a_browser_are_told_by_one_stream_and_lose_no_click(
    console: ConsoleServer, redis: Any, tab: Open
) -> None:
    first, *others = pages = [tab() for _ in range(3)]
    for page in pages:
        is_watching(page)
    watched(console, 1)
    add(redis, "one")
    for page in pages:
        shows(page, "one")
    # Another of them reads from here, where this one has stopped.
    first.close()
    add(redis, "two")
    for page in others:
        shows(page, "two")
        assert page.locator("#ticks tbody tr").count() == 2
    watched(console, 1)
    # Whoever asks for something else is told that by a stream of its own.
    is_watching(tab("/live?humans=1"))
    watched(console, 2)


def test_a_browser_without_locks_has_a_stream_for_each_tab(
    console: ConsoleServer, redis: Any, browser: Any, tab: Open
) -> None:
    browser.add_init_script(NO_LOCKS)
    pages = [tab(), tab()]
    for page in pages:
        is_watching(page)
    watched(console, 2)
    add(redis, "one")
    for page in pages:
        shows(page, "one")


def test_who_pauses_takes_no_stream_and_is_told_later_what_came(
    console: ConsoleServer, redis: Any, tab: Open
) -> None:
    page = tab()
    is_watching(page)
    page.get_by_role("button", name="Pause").click()
    watched(console, 0)
    add(redis, "one")
    page.get_by_role("button", name="Go on").click()
    shows(page, "one")


def test_the_time_of_a_click_is_that_of_the_zone_which_the_heading_names(
    console: ConsoleServer, redis: Any, tab: Open
) -> None:
    page = tab("/live?tz=Asia/Kathmandu")
    is_watching(page)
    add(redis, "one")
    shows(page, "one")
    table = page.locator("#ticks")
    assert "Time (Asia/Kathmandu)" in table.inner_text()
    # It was 14:13:20 UTC; no other zone is three quarters of an hour beside the full one there.
    assert ":58:20" in table.locator("tbody td").first.inner_text()


def test_signing_out_in_one_tab_ends_what_the_others_are_told(
    console: ConsoleServer, redis: Any, redis_url: str, tab: Open
) -> None:
    _, credential = KeyStore(redis, redis_url).add("test", ("clicks:read",))
    page = tab()
    page.get_by_label("key").first.fill(credential.text)
    page.keyboard.press("Enter")
    page.wait_for_url("**/live")
    pages = [page, tab()]
    for each in pages:
        is_watching(each)
    other = tab()
    other.get_by_role("button", name="Sign out").click()
    for each in pages:
        each.locator("#said", has_text="was signed out, or its session has run out").wait_for()
    watched(console, 0)


def test_a_console_that_says_nothing_is_told_and_gone_on_with_once_it_does(
    console: ConsoleServer, redis: Any, tab: Open
) -> None:
    page = tab()
    is_watching(page)
    (worker,) = psutil.Process(console.pid).children()
    worker.suspend()
    try:
        page.locator("#rate", has_text="s behind").wait_for()
    finally:
        worker.resume()
    add(redis, "one")
    shows(page, "one")
    is_watching(page)
    # The same holds for a worker that is killed, and for its successor.
    worker.kill()
    add(redis, "two")
    shows(page, "two")
    is_watching(page)
    assert page.locator("#ticks tbody tr").count() == 2


@pytest.mark.parametrize(
    ("stops", "found"),
    [(False, {"opened": 1, "isFree": False}), (True, {"opened": 0, "isFree": True})],
)
def test_a_lock_that_comes_after_the_stop_opens_no_stream(
    tab: Open, stops: bool, found: dict[str, Any]
) -> None:
    assert tab("/links").evaluate(STEAL, [Assets().url("feed.js"), stops]) == found
