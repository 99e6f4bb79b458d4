"""Whole runs of Locust on servers whose behaviour is known: does the verdict tell the truth?

The rates are low and the limits wide, so that a busy machine doesn't matter; what is looked for is
larger by far.
"""

import signal
import subprocess
import time

import psutil
import pytest

from loadtest.locust_run import BEGINS, LocustRun
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


def test_a_run_that_would_tell_nothing_is_called_off(run, free_port):
    """A wrong host is no broken Hopline."""
    host = f"http://127.0.0.1:{free_port()}"
    code, figures = run(host)
    assert (code, figures["verdict"]) == (3, "void")
    assert figures["generator"]["due"] == 0
    (doubt,) = figures["doubts"]
    assert doubt.startswith(f"{host} doesn't answer")


def test_a_console_that_does_not_answer_calls_the_run_off(run, free_port):
    """Without the clicks before the run, all of them would count as too many."""
    with known_server() as url:
        code, figures = run(url, console=f"http://127.0.0.1:{free_port()}")
    assert (code, figures["verdict"]) == (3, "void")
    assert figures["count"] is None
    assert figures["generator"]["due"] == 0
    (doubt,) = figures["doubts"]
    assert "the console" in doubt


def test_locusts_own_options_set_connections_ramp_and_length(run):
    """And of the scenarios, only the chosen ones run; a slash behind the host asks for no other."""
    common = {"users": 6, "spawn_rate": 3, "run_time": "2s"}
    with known_server("--latency-ms", "5") as url:
        code, figures = run(f"{url}/", ("HotLinks", "Bots"), **common)
    assert code in (0, 3), figures["violations"]
    assert figures["options"]["connections"] == 6
    assert figures["seconds"] == 2
    assert figures["options"]["scenarios"] == ["Bots", "HotLinks"]
    assert set(figures["routes"]) == {"GET /{hot}", "GET /{bot}", "every redirect"}
    assert figures["generator"]["due"] == pytest.approx(RATE * 3, rel=0.25)


def test_visits_that_the_generator_itself_could_not_make_are_missed(run):
    """A tail without links leaves nothing to choose from."""
    with known_server("--latency-ms", "5") as url:
        code, figures = run(url, ("HotLinks", "LongTail"), tail_links=0, console="")
    assert (code, figures["verdict"]) == (3, "void")
    assert any("failed in the load generator itself" in doubt for doubt in figures["doubts"])


@pytest.fixture
def locust(tmp_path):
    """A function that starts Locust for a minute, and what it wrote when it has ended."""
    started = []

    def start(url, **options):
        given = {"rate": RATE, "warm_up": 1, "budget": "ci", "hot_links": 5, "tail_links": 5}
        given |= {"console": url, "settle_seconds": 5, **options}
        run = LocustRun(url, tmp_path / "report.html", 60, given)
        process = psutil.Popen(
            run.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        for line in process.stdout:
            if line.startswith(BEGINS):
                break
        return process, run

    yield start
    for process in started:
        if process.is_running():
            for child in (*process.children(recursive=True), process):
                child.kill()
        process.communicate()


def ended(process, run):
    process.communicate(timeout=90)
    return process.returncode, run.figures()


def test_ctrl_c_in_the_middle_accuses_nobody(locust):
    with known_server("--latency-ms", "5") as url:
        process, run = locust(url, processes=2)
        time.sleep(6)
        for each in (*process.children(), process):
            each.send_signal(signal.SIGINT)
        code, figures = ended(process, run)
    assert (code, figures["verdict"]) == (3, "void")
    assert "the run was stopped before its end" in figures["doubts"]
    assert figures["count"]["lost"] == {}
    assert figures["count"]["redirects"] > 0


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


def test_a_worker_that_dies_is_named_and_hopline_is_not_accused(locust):
    """What it had sent since its last report are clicks of visits that nobody knows of."""
    with known_server("--latency-ms", "5") as url:
        process, run = locust(url, processes=2, run_time="9s")
        time.sleep(5)
        process.children()[0].kill()
        code, figures = ended(process, run)
    assert (code, figures["verdict"]) == (3, "void")
    assert any("a worker process was lost" in doubt for doubt in figures["doubts"])
    assert figures["count"]["clicks"] > figures["count"]["redirects"] > 0
    assert any("can't be told apart" in doubt for doubt in figures["doubts"])
