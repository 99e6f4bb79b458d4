"""A person with a real browser follows a link."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.support.up_process import BROWSER, Up

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"<title>Arrived</title><p>{self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output to what failed."""


@pytest.fixture
def target() -> Iterator[str]:
    """A site that links lead to."""
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/page?b=c"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of somebody who was never here before."""
    page = browser.new_page(user_agent=BROWSER, locale="de-DE")
    yield page
    page.close()


def test_a_visit_leads_to_the_target_and_into_the_report(
    lasting: Up, page: Any, target: str
) -> None:
    assert lasting.run("links", "add", target, "--code", "once").returncode == 0
    page.goto(f"http://{lasting.bind}/once")
    assert page.url == target
    assert page.title() == "Arrived"
    assert lasting.comes_to("once", 1)
    counted = json.loads(lasting.run("stats", "once", "--json", "--by", "language").stdout)
    assert (counted["humans"], counted["bots"]) == (1, 0)
    assert counted["by"]["language"]["top"][0]["name"] == "de"


def test_going_there_again_is_another_click(lasting: Up, page: Any, target: str) -> None:
    lasting.run("links", "add", target, "--code", "again")
    for _ in range(3):
        page.goto(f"http://{lasting.bind}/again")
    assert lasting.comes_to("again", 3)


def test_whoever_presses_the_button_is_not_counted_until_they_press_the_other(
    lasting: Up, page: Any, target: str
) -> None:
    lasting.run("links", "add", target, "--code", "mine")
    for number, label in enumerate(("Don't count me", "Count me again"), start=1):
        page.goto(f"http://{lasting.bind}/-/dont-count-me")
        with page.expect_navigation():
            page.get_by_role("button", name=label).click()
        page.goto(f"http://{lasting.bind}/mine")
        assert page.title() == "Arrived"
        assert lasting.comes_to("mine", number)
    counted = json.loads(lasting.run("stats", "mine", "--json", "--by", "verdict").stdout)
    assert (counted["humans"], counted["bots"]) == (1, 1)
    assert {one["name"] for one in counted["by"]["verdict"]["top"]} == {"own", "person"}


@pytest.fixture(scope="module")
def disabled(lasting: Up) -> None:
    """A link that leads nowhere any more."""
    lasting.add_link("demo1")
    lasting.run("links", "disable", "demo1")


@pytest.mark.parametrize(
    ("path", "status", "words"), [("nothing", 404, "link"), ("demo1", 410, ""), ("-/live", 200, "")]
)
def test_what_is_no_redirect_is_a_page(
    lasting: Up, disabled: None, page: Any, path: str, status: int, words: str
) -> None:
    answer = page.goto(f"http://{lasting.bind}/{path}")
    assert answer.status == status
    assert words in page.inner_text("body")
