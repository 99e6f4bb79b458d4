"""The load test on a real Hopline: short, with the budget for a noisy machine."""

import csv
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.links.importer import Row, import_links
from app.links.json import from_plain
from app.links.store import open_store
from loadtest.report.verdict import HEADLINES
from loadtest.run.locust_run import LocustRun
from loadtest.scenario.links import Catalogue, as_csv
from tests.support.loadtest.repeated import assert_concluded, concluded
from tests.support.redirect_servers import REAL_BUDGETS, RedirectServer

ROOT = Path(__file__).parents[2]
CATALOGUE = Catalogue("load", hot_count=5, tail_count=5)
#: A run that a busy machine makes void is run again.
pytestmark = pytest.mark.timeout(1300)


def test_a_healthy_hopline_meets_the_budget_and_counts_every_redirect(tmp_path, shared_clickhouse):
    """What `make loadtest` does, for six seconds; the fixture is there to have been fetched."""
    report = tmp_path / "loadtest.html"
    said = []

    def run():
        done = subprocess.run(
            [
                *(sys.executable, "-m", "loadtest", "--budget", "ci", "--rate", "60"),
                *("--seconds", "6", "--warm-up", "2", "--report", str(report)),
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        said.append(done.stdout + done.stderr)
        figures = report.with_suffix(".json")
        assert figures.exists(), said
        return done.returncode, json.loads(figures.read_text())

    code, figures = concluded(run)
    assert_concluded("met", code, figures)
    assert figures["count"]["is_exact"], said
    assert figures["environment"]["HOPLINE_CONSUMERS"]
    assert HEADLINES[figures["verdict"]] in report.read_text()


@pytest.fixture
def slow_redirect(tmp_path, redis_url):
    """The URL of a real redirect service with a sleep of 60 ms in it."""
    server = RedirectServer(tmp_path / "redirect", redis_url, **REAL_BUDGETS)
    real = server._child.program
    argv = (*real.argv[:-1], "tests.support.loadtest.slow_redirect:get_app()")
    server._child.program = dataclasses.replace(real, argv=argv)
    with server:
        yield server.url


def test_a_sleep_of_60_ms_in_the_redirect_breaks_the_budget(
    slow_redirect, redis_url, make_settings, tmp_path
):
    rows = csv.DictReader(as_csv(CATALOGUE.rows()).splitlines())
    links = [from_plain({name: text for name, text in row.items() if text}) for row in rows]
    store = open_store(make_settings(redis_url=redis_url))
    assert {
        each.kind for each in import_links(store, [Row(n, link) for n, link in enumerate(links, 1)])
    } == {"created"}
    options = {"rate": 60, "warm_up": 1, "budget": "ci", "hot_links": 5, "tail_links": 5}
    locust = LocustRun(slow_redirect, tmp_path / "loadtest.html", 4, options)
    said = []
    code, figures = concluded(lambda: (locust.run(said.append, None), locust.figures()))
    assert_concluded("broken", code, figures)
    assert figures["routes"]["every redirect"]["latency_ms"]["50"] >= 60
    assert figures["routes"]["GET /{hot}"]["errors"] == {}
    assert any("every redirect: p50" in violation for violation in figures["violations"])
