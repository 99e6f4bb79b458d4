"""Whole runs of Locust on servers whose behaviour is known: does the verdict tell the truth?

The rates are low and the limits wide, so that a busy machine doesn't matter; what is looked for is
larger by far.
"""

import signal

import psutil

from loadtest.run.locust_run import LocustRun
from loadtest.self_check import known_server
from tests.support.loadtest.repeated import assert_concluded, concluded
from tests.support.loadtest.samples import RATE


def conclude(run, *behaviour, **options):
    """Run against a server that behaves so."""

    def once():
        with known_server(*behaviour) as url:
            return run(url, **options)

    return concluded(once)


def every_redirect(figures):
    return figures["routes"]["every redirect"]["latency_ms"]


def test_a_fast_server_that_counts_right_is_met(run):
    code, figures = conclude(run, "--latency-ms", "5")
    assert_concluded("met", code, figures)
    assert figures["count"]["is_exact"]
    assert figures["count"]["redirects"] > RATE
    assert every_redirect(figures)["50"] >= 5
    assert set(figures["routes"]) > {"GET /{hot}", "GET /{unknown}"}
    # A scenario with few visits draws lots between these.
    assert set(figures["routes"]) & {"HEAD /{hot}", "GET /{hot}+"}


def test_a_stall_of_a_second_shows_in_the_tail_and_in_what_waited_behind_it(run):
    code, figures = conclude(run, "--latency-ms", "5", "--stall-after", str(RATE * 2))
    assert every_redirect(figures)["99.9"] > 800
    assert every_redirect(figures)["95"] > 250
    assert_concluded("broken", code, figures)
    assert any("every redirect: p95" in violation for violation in figures["violations"])


def test_one_click_less_on_every_link_breaks_it(run):
    code, figures = conclude(run, "--miscount", "1", settle_seconds=1)
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


def test_ctrl_c_is_left_to_locust_which_concludes_and_reports(tmp_path):
    """A terminal sends it to both."""

    def ctrl_c():
        me = psutil.Process()
        (locust,) = (each for each in me.children() if "locustfile" in " ".join(each.cmdline()))
        for each in (me, locust):
            each.send_signal(signal.SIGINT)

    with known_server("--latency-ms", "5") as url:
        given = {"rate": RATE, "warm_up": 1, "budget": "ci", "hot_links": 5, "tail_links": 5}
        run = LocustRun(url, tmp_path / "report.html", 60, given)
        said = []
        assert run.run(said.append, (1, ctrl_c)) == 3, said
    assert "the run was stopped before its end" in run.figures()["doubts"]
    assert run.report.exists()


def test_without_a_verdict_nothing_is_proved_whatever_locust_ends_with(tmp_path):
    """Locust's own exit code for a class that isn't there is that of a broken budget."""
    run = LocustRun("http://127.0.0.1:1", tmp_path / "report.html", 3, {}, ("Nonsense",))
    said = []
    assert run.run(said.append, None) == 3, said


def test_wrong_usage_is_said_at_once(tmp_path):
    run = LocustRun("http://127.0.0.1:1", tmp_path / "report.html", 3, {"rate": 0})
    said = []
    assert run.run(said.append, None) == 2
    assert said == ["loadtest: --rate has to be more than 0"]
