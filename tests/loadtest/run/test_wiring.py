"""Runs over several processes, runs that end early, and runs that never begin.

Latencies say nothing here: what is looked for is no matter of time.
"""

import contextlib
import signal
import subprocess

import psutil
import pytest

from loadtest.run import wiring
from loadtest.run.clicks import Console
from loadtest.run.locust_run import BEGINS, LocustRun
from loadtest.scenario.links import Catalogue
from loadtest.self_check import known_server
from tests.support.loadtest.samples import RATE
from tests.support.worker_processes import wait_until


def test_two_processes_keep_the_rate_of_one_and_their_counts_are_merged(run):
    """Their workers report before they begin, while clicks are still counted."""
    with known_server("--latency-ms", "5", "--count-ms", "1000") as url:
        _, figures = run(url, processes=2)
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


def test_a_short_run_begins_however_long_the_clicks_before_it_take_to_count(run):
    with known_server("--latency-ms", "5", "--count-ms", "3000") as url:
        _, figures = run(url, ("HotLinks",), seconds=1, warm_up=0)
    assert figures["generator"]["due"] > 0
    assert figures["count"]["is_exact"]


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
        _, figures = run(f"{url}/", ("HotLinks", "Bots"), **common)
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


def wait_for_visits(url):
    """Wait until so many clicks are counted that each worker has reported some of them by then."""
    links = Catalogue("load", hot_count=5, tail_count=5)
    codes = [*links.hot(), *links.tail()]
    wait_until(lambda: sum(Console(url).clicks(codes).values()) > RATE * 3)


def ended(process, run):
    process.communicate(timeout=240)
    return process.returncode, run.figures()


def test_ctrl_c_in_the_middle_accuses_nobody(locust):
    with known_server("--latency-ms", "5") as url:
        process, run = locust(url, processes=2)
        wait_for_visits(url)
        for each in (*process.children(), process):
            each.send_signal(signal.SIGINT)
        code, figures = ended(process, run)
    assert (code, figures["verdict"]) == (3, "void")
    assert "the run was stopped before its end" in figures["doubts"]
    assert figures["count"]["lost"] == {}
    assert figures["count"]["redirects"] > 0


def test_a_worker_that_dies_is_named_and_hopline_is_not_accused(locust):
    """What it had sent since its last report are clicks of visits that nobody knows of."""
    with known_server("--latency-ms", "5") as url:
        process, run = locust(url, processes=2, run_time="15s")
        wait_for_visits(url)
        process.children()[0].kill()
        code, figures = ended(process, run)
    assert (code, figures["verdict"]) == (3, "void")
    assert any("a worker process was lost" in doubt for doubt in figures["doubts"])
    assert figures["count"]["clicks"] > figures["count"]["redirects"] > 0
    assert any("can't be told apart" in doubt for doubt in figures["doubts"])


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("cat > /dev/null", ""),
        ("echo no >&2; exit 1", "no"),
        ("exit 4", "exit code 4"),
        ("printf 'caf\\351' >&2; exit 1", "caf\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_why_new_links_could_not_be_made_is_told(command, told):
    assert wiring._run(command, "code,target\n") == told


def test_a_command_for_new_links_that_hangs_is_ended_with_all_that_it_started(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(wiring, "_COMMAND_SECONDS", 1.0)
    command = f"sleep 600 & echo $! > {tmp_path}/pid; wait"
    assert wiring._run(command, "") == "the command took longer than 1 s"
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not psutil.pid_exists(pid) or _status(pid) == psutil.STATUS_ZOMBIE)


def _status(pid):
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status()
    return psutil.STATUS_ZOMBIE
