"""A person with a real browser follows a link."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from app.processes.child import wait_for
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


@pytest.fixture
def page(chromium: str) -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser.new_page(user_agent=BROWSER, locale="de-DE")
        browser.close()


def test_a_visit_leads_to_the_target_and_into_the_report(
    running: Up, page: Any, target: str
) -> None:
    assert running.run("links", "add", target, "--code", "demo1").returncode == 0
    page.goto(f"http://{running.bind}/demo1")
    assert page.url == target
    assert page.title() == "Arrived"
    assert wait_for(lambda: running.clicks("demo1") == 1, 30)
    counted = json.loads(running.run("stats", "demo1", "--json", "--by", "language").stdout)
    assert (counted["humans"], counted["bots"]) == (1, 0)
    assert counted["by"]["language"]["top"][0]["name"] == "de"


def test_going_there_again_is_another_click(running: Up, page: Any, target: str) -> None:
    running.run("links", "add", target, "--code", "demo1")
    for _ in range(3):
        page.goto(f"http://{running.bind}/demo1")
    assert wait_for(lambda: running.clicks("demo1") == 3, 30)


@pytest.mark.parametrize(
    ("path", "status", "words"), [("nothing", 404, "link"), ("demo1", 410, ""), ("-/live", 200, "")]
)
def test_what_is_no_redirect_is_a_page(
    running: Up, page: Any, path: str, status: int, words: str
) -> None:
    running.add_link("demo1")
    running.run("links", "disable", "demo1")
    answer = page.goto(f"http://{running.bind}/{path}")
    assert answer.status == status
    assert words in page.inner_text("body")
