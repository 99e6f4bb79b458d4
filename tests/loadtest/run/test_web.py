"""Locust's web UI as a load-tester sees it: a real Locust, and a real browser before it."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

from app.processes.child import Program, running, wait_for
from loadtest.report.verdict import Verdict
from loadtest.run.locust_run import LocustRun
from loadtest.run.web import banner
from loadtest.self_check import known_server

_SECONDS = 60_000


class Load:
    """A load test, as far as it is shown."""

    def __init__(self, verdict, stage="no run yet"):
        self.verdict = verdict
        self.stage = stage
        self.report_text = ""


def test_before_a_verdict_the_banner_says_what_is_going_on():
    assert "no run yet" in banner(Load(None))
    assert "clicks are counted" in banner(Load(None, "clicks are counted"))
    assert "Custom parameters" in banner(Load(None))


def test_the_banner_says_why_and_where_the_report_is():
    shown = banner(Load(Verdict("broken", ["GET /<b>: p99 80 ms"], [], ["a goal"])))
    assert "Hopline: broken" in shown
    assert "GET /&lt;b&gt;: p99 80 ms" in shown
    assert "a goal" in shown
    assert 'href="./hopline/report"' in shown


@pytest.fixture
def web_ui(tmp_path, free_port):
    """The URL of a Locust with its web UI, on a server that is fast and counts right."""
    port = free_port()
    with known_server("--latency-ms", "5") as url:
        options = {"rate": 60, "warm_up": 1, "budget": "ci", "hot_links": 5, "tail_links": 5}
        options |= {"console": url, "users": 12, "web_host": "127.0.0.1", "web_port": port}
        run = LocustRun(url, tmp_path / "report.html", 60, options)
        command = [word for word in run.command() if word not in ("--headless", "--only-summary")]
        ui = f"http://127.0.0.1:{port}"
        locust = Program(
            "locust", tuple(command), is_ready=lambda: bool(get(ui, "/hopline/verdict"))
        )
        with running(locust, tmp_path / "locust.log", ready_seconds=60, stop_seconds=60):
            yield ui


def get(ui, path):
    try:
        with urllib.request.urlopen(ui + path) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return ""


def post(ui, path, **fields):
    with urllib.request.urlopen(ui + path, urllib.parse.urlencode(fields).encode()) as answer:
        return json.load(answer)


def test_verdict_reasons_and_report_stand_in_the_web_ui(web_ui, chromium):
    """The first run is stopped by hand, which accuses nobody; the second goes to its end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(web_ui)
        shown = page.locator("#hopline")
        expect(shown).to_contain_text("no run yet", timeout=_SECONDS)
        users = page.locator("input[name=userCount]")
        assert (users.input_value(), users.is_disabled()) == ("12", False)

        page.get_by_role("button", name="Start").click()
        assert wait_for(lambda: redirects(web_ui) > 20, 60)
        post(web_ui, "/stop")
        expect(shown).to_contain_text("Hopline: void", timeout=_SECONDS)
        expect(shown).to_contain_text("the run was stopped before its end")
        assert "never sent" not in shown.inner_text()
        assert "clicks" not in shown.inner_text()

        post(web_ui, "/swarm", user_count="9", spawn_rate="50", run_time="3s")
        expect(shown).to_contain_text("running", timeout=_SECONDS)
        # Which one is the machine's business, as others use it.
        verdict = re.compile("The budget is met|The budget is broken|This run proves nothing")
        expect(shown).to_contain_text(verdict, timeout=_SECONDS)
        assert "stopped" not in shown.inner_text()
        page.goto(f"{web_ui}/hopline/report")
        expect(page.locator("h1")).to_contain_text(verdict)
        expect(page.locator("header")).to_contain_text("3 s")
        browser.close()


def redirects(ui):
    return sum(row["num_requests"] for row in json.loads(get(ui, "/stats/requests"))["stats"])
