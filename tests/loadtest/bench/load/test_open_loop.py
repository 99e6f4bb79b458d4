"""The load generator against servers whose faults are known; bounds are wide on purpose."""

import os
import threading
from pathlib import Path

import pytest

from loadtest.bench.load import requests
from loadtest.bench.load.closed_loop import LoadFailed
from loadtest.bench.load.open_loop import Generator, Schedule, compiled, finished
from loadtest.bench.machine.placement import available_cores
from loadtest.common.ports import free_port
from tests.support.loadtest.bench.slow_server import FOUND, serving

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("openloop"))


@pytest.fixture
def drive(program, tmp_path):
    """Run a schedule against a port."""

    def run(port, rate=200, seconds=0.9, **schedule):
        path = tmp_path / "requests"
        path.write_bytes(requests.raw_requests(["one", "two"], port))
        generator = Generator(program, tuple(available_cores()))
        plan = {"seed": 1, "warm_up_seconds": 0.1, "connections": 32} | schedule
        return generator.run(port, path, Schedule(rate, seconds, **plan))

    return run


def test_latency_is_that_of_the_server(drive):
    with serving(delay_seconds=0.005) as port:
        run = drive(port)
    assert 5 <= run.latency_ms["50"] < 50
    assert run.errors == 0
    assert run.redirected == run.planned == 200
    assert run.latency_ms["50"] <= run.latency_ms["99"] <= run.latency_ms["100"]


@pytest.mark.parametrize("poisson", [True, False], ids=["poisson", "constant"])
def test_requests_leave_at_the_asked_rate(drive, poisson):
    with serving() as port:
        run = drive(port, rate=400, seconds=1, poisson=poisson)
    # A machine that is late makes it less, and nothing makes it much more.
    assert 100 < run.achieved < 460
    assert run.planned == pytest.approx(440, rel=0.15)


def test_a_stall_is_charged_to_every_request_that_was_due_meanwhile(drive):
    """In a closed loop of as many connections only 32 of 640 requests would show it."""
    with serving(stall_at=200) as port:
        run = drive(port, seconds=3)
    assert run.latency_ms["100"] >= 950
    assert run.latency_ms["99.9"] >= 900
    assert run.latency_ms["90"] >= 500
    assert run.errors == 0
    assert run.lag_ms["99"] < 500


def test_requests_queue_when_all_connections_are_busy(drive):
    """Two connections of 20 ms carry 100 a second; the other half waits for ever longer."""
    with serving(delay_seconds=0.02) as port:
        run = drive(port, connections=2)
    assert run.latency_ms["50"] > 300
    assert run.lag_ms["99"] < 300


def test_answers_may_come_in_pieces(drive):
    with serving(pieces=5) as port:
        run = drive(port, rate=100)
    assert run.errors == 0
    assert run.redirected == run.planned


def test_a_status_other_than_a_redirect_is_an_error(drive):
    with serving(answer=lambda number: NOT_FOUND if number % 4 == 0 else FOUND) as port:
        run = drive(port)
    assert run.bad_status == run.planned // 4
    assert run.errors == run.bad_status


def test_a_lost_connection_is_an_error_and_is_replaced(drive):
    with serving(answer=lambda number: None if number % 10 == 0 else FOUND) as port:
        run = drive(port)
    assert run.broken == run.planned // 10
    assert run.redirected == run.planned - run.broken


def test_a_server_may_close_each_connection(drive):
    closing = FOUND.replace(b"Content-Length", b"Connection: close\r\nContent-Length")
    with serving(answer=lambda _: closing) as port:
        run = drive(port)
    assert run.errors == 0


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"HTTP/1.1 302 Found\r\n\r\n", id="no length"),
        pytest.param(b"HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunked"),
        pytest.param(b"HTTP/1.1 302 Found\r\nContent-Length: 99999\r\n\r\n", id="huge"),
        pytest.param(b"x" * 20_000, id="no head"),
    ],
)
def test_answers_that_are_not_understood_are_errors(drive, response):
    with serving(answer=lambda _: response) as port:
        run = drive(port, rate=50, seconds=0.5)
    assert run.broken == run.planned


def test_a_server_that_is_not_there_gives_errors_only(drive):
    run = drive(free_port(), seconds=0.5)
    assert run.errors == run.planned
    assert run.redirected == 0


def test_a_generator_without_requests_says_so(program, tmp_path):
    (tmp_path / "requests").touch()
    generator = Generator(program, tuple(available_cores()))
    with pytest.raises(LoadFailed, match="no requests"):
        generator.run(1, tmp_path / "requests", Schedule(1, 1, seed=1))


def test_a_generator_that_is_left_early_is_stopped(program, tmp_path):
    with serving() as port:
        path = tmp_path / "requests"
        path.write_bytes(requests.raw_requests(["one"], port))
        generator = Generator(program, tuple(available_cores()))
        schedule = Schedule(10, 60, seed=1)
        with generator.running(port, path, schedule) as process:
            pass
    assert process.returncode == -9


def test_one_that_is_told_to_end_answers_for_what_was_due_by_then(program, tmp_path):
    answered = threading.Event()

    def answer(number):
        if number == 50:
            answered.set()
        return FOUND

    with serving(answer=answer) as port:
        path = tmp_path / "requests"
        path.write_bytes(requests.raw_requests(["one"], port))
        schedule = Schedule(200, 60, seed=1, warm_up_seconds=0.1)
        generator = Generator(program, tuple(available_cores()))
        with generator.running(port, path, schedule) as process:
            assert answered.wait(120)
            process.terminate()
            run = finished(process, schedule)
    assert run.errors == 0
    assert 50 <= run.redirected == run.planned < 200 * 60
    assert run.achieved > 0


def test_the_program_is_built_once(program):
    built = program.stat().st_mtime
    assert compiled(program.parent).stat().st_mtime == built


def test_a_changed_source_is_built_again(program, tmp_path):
    stale = tmp_path / program.name
    stale.write_text("")
    os.utime(stale, (0, 0))
    assert compiled(tmp_path).stat().st_size > 0


def test_without_gcc_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(__file__).parent))
    with pytest.raises(LoadFailed, match="gcc"):
        compiled(tmp_path)


def test_figures_that_are_none_are_a_failure(program, tmp_path):
    schedule = Schedule(1, 1, seed=1)
    generator = Generator(program, tuple(available_cores()))
    with (
        generator.running(1, tmp_path / "missing", schedule) as process,
        pytest.raises(LoadFailed, match="missing"),
    ):
        finished(process, schedule)
