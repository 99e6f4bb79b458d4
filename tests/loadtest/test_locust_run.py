"""Whole runs of Locust on servers whose behaviour is known: does the verdict tell the truth?

The rates are low and the limits wide, so that a busy machine doesn't matter; what is looked for is
larger by far.
"""

import pytest

from loadtest.locust_run import LocustRun
from loadtest.self_check import known_server

RATE = 100


@pytest.fixture
def run(tmp_path):
    """A function that runs Locust for some seconds and returns exit code and figures."""

    def run(url, scenarios=(), **options):
        given = {
            "rate": RATE,
            "warm_up": 1,
            "budget": "ci",
            "console": url,
            "hot_links": 5,
            "tail_links": 5,
            **options,
        }
        locust = LocustRun(url, tmp_path / "report.html", 3, given, scenarios)
        said = []
        code = locust.run(said.append, None)
        assert locust.report.exists(), said
        return code, locust.figures()

    return run


def every_redirect(figures):
    return figures["routes"]["every redirect"]["latency_ms"]


def test_a_fast_server_that_counts_right_is_met(run):
    with known_server("--latency-ms", "5") as url:
        code, figures = run(url)
    assert (code, figures["verdict"]) == (0, "met")
    assert figures["count"]["is_exact"]
    assert figures["count"]["redirects"] > RATE
    assert every_redirect(figures)["50"] >= 5
    assert set(figures["routes"]) > {"GET /{hot}", "GET /{unknown}", "HEAD /{hot}", "GET /{hot}+"}


def test_a_stall_of_a_second_shows_in_the_tail_and_in_what_waited_behind_it(run):
    with known_server("--latency-ms", "5", "--stall-after", str(RATE * 2)) as url:
        code, figures = run(url)
    assert every_redirect(figures)["99.9"] > 800
    assert every_redirect(figures)["95"] > 250
    assert (code, figures["verdict"]) == (1, "broken")
    assert any("every redirect: p95" in violation for violation in figures["violations"])


def test_one_click_less_on_every_link_breaks_it(run):
    with known_server("--miscount", "1") as url:
        code, figures = run(url, settle_seconds=1)
    assert code == 1
    assert not figures["count"]["is_exact"]
    assert set(figures["count"]["lost"].values()) == {1}
    assert "clicks lost" in figures["violations"][0]


def test_a_rate_beyond_the_generator_is_void(run):
    with known_server("--latency-ms", "0") as url:
        code, figures = run(url, rate=20_000, settle_seconds=1, console="")
    assert (code, figures["verdict"]) == (3, "void")
    assert any("the load generator" in doubt for doubt in figures["doubts"])
    assert figures["generator"]["unsent"] > 0


def test_two_processes_keep_the_rate_of_one_and_their_counts_are_merged(run):
    """Their workers report before they begin, while clicks are still counted."""
    with known_server("--latency-ms", "5", "--count-ms", "200") as url:
        code, figures = run(url, processes=2)
    assert code in (0, 3), figures["violations"]
    assert figures["count"]["is_exact"]
    assert figures["generator"]["due"] == pytest.approx(RATE * 4, rel=0.25)
    judged = figures["routes"]["every redirect"]["requests"]
    assert judged > RATE * 3 * 0.5
    assert sum(moment["per_second"] for moment in figures["timeline"]) >= judged


def test_a_second_run_on_the_same_installation_does_not_count_the_first_ones_clicks(run):
    new_links = {"new_links_command": "cat > /dev/null", "new_links_every": 0.5}
    with known_server("--latency-ms", "5") as url:
        for _ in range(2):
            _, figures = run(url, ("NewLinks",), **new_links)
            assert figures["count"]["redirects"] > 0
            assert figures["count"]["is_exact"], figures["count"]


def test_a_server_that_is_not_there_is_all_errors(run, free_port):
    """And of the scenarios, only the chosen ones run."""
    code, figures = run(f"http://127.0.0.1:{free_port()}", ("HotLinks",), console="")
    assert code != 0
    assert set(figures["routes"]) == {"GET /{hot}", "every redirect"}
    assert figures["routes"]["GET /{hot}"]["errors"] == {
        "no answer: ConnectionRefusedError": figures["routes"]["GET /{hot}"]["requests"]
    }
