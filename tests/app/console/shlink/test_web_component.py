"""Shlink's whole user interface, unmodified, in a real browser over a console."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.sync_api import expect, sync_playwright

from app.keys.store import KeyStore
from app.links.store import open_store
from app.stores.redis.client import connect
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.npm import installed
from tests.support.redirect_servers import ConsoleServer

#: What comes from npm comes once, and takes its time.
pytestmark = pytest.mark.timeout(900)

FOLDER = Path(__file__).parents[3] / "support" / "shlink_web"
ESBUILD = (
    *("npx", "esbuild", "main.jsx", "--bundle", "--minify", "--format=esm", "--target=es2022"),
    *("--jsx=automatic", "--outfile=dist/main.js"),
    '--define:process.env.NODE_ENV="production"',
)
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
PATIENCE_MS = 60_000
SHORT = "https://go.example"


class _Site(SimpleHTTPRequestHandler):
    """Serves the page at every path, as its routes are the browser's own."""

    def translate_path(self, path: str) -> str:
        name = "dist/main.js" if path == "/main.js" else "index.html"
        return str(Path(self.directory) / name)

    def log_message(self, *_: object) -> None:
        """Keep the test's output to what failed."""


@pytest.fixture(scope="module")
def site(cache_dir: Path) -> Iterator[str]:
    folder = installed(FOLDER, cache_dir, ESBUILD)
    handler = partial(_Site, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def console(
    redis_url: str, migrated_url: str, tmp_path: Path, site: str
) -> Iterator[ConsoleServer]:
    with ConsoleServer(
        tmp_path,
        redis_url=redis_url,
        clickhouse_url=migrated_url,
        public_url=SHORT,
        console_origins=site,
    ) as server:
        yield server


@pytest.fixture
def page(chromium: str, site: str, console: ConsoleServer, redis_url: str) -> Iterator[Any]:
    """The page with a key of its own; at the end nothing went wrong in it."""
    with connect(redis_url, timeout_seconds=30) as client:
        scopes = ("links:read", "links:write", "stats:read", "clicks:read")
        _, credential = KeyStore(client, redis_url).add("web client", scopes)
    held = {"baseUrl": f"http://127.0.0.1:{console.port}", "apiKey": credential.text}
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(f"localStorage.setItem('server', {orjson.dumps(held).decode()!r})")
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.extend(_faults(said)))
        yield page
        browser.close()
    assert wrong == []


def _faults(said: Any) -> list[str]:
    """Return what a browser said that is a fault.

    None is that there is no Mercure hub, and that no server is behind the name of the domain.
    """
    url = said.location["url"]
    is_expected = url.endswith("/rest/v3/mercure-info") or "//go.example/" in url
    return [f"{url}: {said.text}"] if said.type == "error" and not is_expected else []


def test_a_person_makes_lists_and_edits_short_urls(page: Any, site: str) -> None:
    page.goto(f"{site}/create-short-url")
    page.get_by_placeholder("URL to be shortened").fill("https://example.com/a")
    page.get_by_placeholder("Custom slug").fill("sale")
    page.get_by_placeholder("Title").fill("Our sale")
    page.get_by_placeholder("25...").fill("100")
    _add_tag(page, "spring")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{SHORT}/sale")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("link", name="List short URLs").click()
    row = page.get_by_role("row").filter(has_text="Our sale")
    for text in (f"{SHORT}/sale", "https://example.com/a", "spring"):
        expect(row).to_contain_text(text, timeout=PATIENCE_MS)
    page.goto(f"{site}/short-code/sale/edit")
    expect(page.get_by_placeholder("25...")).to_have_value("100", timeout=PATIENCE_MS)
    page.get_by_placeholder("URL to be shortened").fill("https://example.com/b")
    page.get_by_placeholder("25...").fill("")
    _add_tag(page, "shop")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("properly edited")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{site}/list-short-urls/1?tags=shop&tagsMode=all&orderBy=visits-DESC")
    expect(page.get_by_role("row").filter(has_text="Our sale")).to_contain_text(
        "https://example.com/b", timeout=PATIENCE_MS
    )
    page.goto(f"{site}/list-short-urls/1?search=nothing")
    expect(page.get_by_text("No results found")).to_be_visible(timeout=PATIENCE_MS)


def test_a_person_looks_at_visits_tags_and_the_domain(
    page: Any, site: str, migrated_url: str, redis_url: str, make_settings: Any
) -> None:
    links = open_store(make_settings(redis_url=redis_url))
    links.create({"target": "https://example.com/", "tags": "spring,shop"}, code="sale")
    now = datetime.now(UTC)
    people = [click_row(now - timedelta(hours=n), short_code="sale") for n in range(4)]
    insert_clicks(migrated_url, *people)
    robot = bot_row(now, short_code="sale", referrer="https://search.example/")
    insert_clicks(migrated_url, robot)
    page.goto(f"{site}/overview")
    expect(page.get_by_role("link").filter(has_text="Visits").first).to_contain_text(
        "5", timeout=PATIENCE_MS
    )
    page.goto(f"{site}/short-code/sale/visits/by-time")
    expect(page.get_by_text("Visits: 5")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_text("By location", exact=True).click()
    expect(page.get_by_text("Germany").first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_text("List", exact=True).click()
    expect(page.get_by_role("cell", name="search.example").first).to_be_visible(timeout=PATIENCE_MS)
    for path in ("tag/spring/visits", "non-orphan-visits", "domain/go.example_DEFAULT/visits"):
        page.goto(f"{site}/{path}/by-context")
        expect(page.get_by_text("Visits: 5")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{site}/orphan-visits")
    expect(page.get_by_text("Visits: 0")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{site}/manage-tags")
    for tag in ("shop", "spring"):
        row = page.get_by_role("row").filter(has_text=tag)
        expect(row).to_contain_text("5", timeout=PATIENCE_MS)
    page.goto(f"{site}/manage-domains")
    expect(page.get_by_role("row").filter(has_text="go.example")).to_be_visible(timeout=PATIENCE_MS)


def _add_tag(page: Any, tag: str) -> None:
    field = page.get_by_role("combobox")
    field.press_sequentially(tag)
    field.press("Enter")
