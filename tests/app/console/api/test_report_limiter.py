"""The limiter's rules, with computations that last until the test lets them go."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import falcon
import pytest
from prometheus_client import CollectorRegistry

from app.console.api.report_limiter import ReportLimiter
from app.metrics.console import ConsoleMetrics
from app.stores.clickhouse.codes import TIMEOUT_EXCEEDED
from app.stores.clickhouse.connection import ClickHouseUnavailable
from tests.support.redirect.fakes import FakeClock
from tests.support.worker_processes import wait_until

NOBODY = SimpleNamespace(env={})


class Computation:
    """Lasts until it is told to end, and fails if it is given an error."""

    def __init__(self) -> None:
        self.begun = 0
        self.end = threading.Event()
        self.error: Exception | None = None

    def __call__(self) -> str:
        self.begun += 1
        assert self.end.wait(60)
        if self.error is not None:
            raise self.error
        return "report"


class World:
    """A limiter, and requests that ask it."""

    def __init__(self, make_settings: Callable[..., Any]) -> None:
        settings = make_settings(
            console_threads=4, console_reports=2, clickhouse_timeout_seconds=30
        )
        self.clock = FakeClock()
        self.registry = CollectorRegistry()
        self.limiter = ReportLimiter(settings, ConsoleMetrics(self.registry), self.clock)
        self.requests = ThreadPoolExecutor(16)
        self.computations: list[Computation] = []

    def ask(self, question: str, computation: Callable[[], str], req: Any = NOBODY) -> Future[str]:
        return self.requests.submit(self.limiter.answer, req, question, computation)

    def computation(self) -> Computation:
        self.computations.append(Computation())
        return self.computations[-1]

    def begun(self, question: str, req: Any = NOBODY) -> tuple[Computation, Future[str]]:
        computation = self.computation()
        request = self.ask(question, computation, req)
        wait_until(lambda: computation.begun == 1)
        return computation, request

    def counted(self, outcome: str) -> float | None:
        return self.registry.get_sample_value("hopline_console_reports_total", {"outcome": outcome})

    def running(self) -> float | None:
        return self.registry.get_sample_value("hopline_console_reports_running")

    def waiting(self) -> int:
        return sum(flight.waiting for flight in self.limiter._flights.values())


@pytest.fixture
def world(make_settings: Callable[..., Any]) -> Iterator[World]:
    made = World(make_settings)
    yield made
    for computation in made.computations:
        computation.end.set()
    made.requests.shutdown()


def test_identical_questions_under_way_share_one_computation(world: World) -> None:
    computation, first = world.begun("q")
    others = [world.ask("q", world.computation()) for _ in range(3)]
    wait_until(lambda: world.waiting() == 4)
    computation.end.set()
    assert [request.result() for request in (first, *others)] == ["report"] * 4
    assert [each.begun for each in world.computations] == [1, 0, 0, 0]
    assert (world.counted("computed"), world.counted("shared")) == (1, 3)


def test_a_question_asked_after_the_answer_is_computed_anew(world: World) -> None:
    for _ in range(2):
        computation, request = world.begun("q")
        computation.end.set()
        assert request.result() == "report"
    assert world.counted("computed") == 2


def test_what_fails_fails_for_all_who_asked_and_for_nobody_after(world: World) -> None:
    _, unrelated = world.begun("q")
    failing, first = world.begun("other")
    second = world.ask("other", world.computation())
    wait_until(lambda: world.waiting() == 3)
    failing.error = KeyError("broken")
    failing.end.set()
    assert isinstance(first.exception(), KeyError)
    assert isinstance(second.exception(), KeyError)
    after, third = world.begun("other")
    after.end.set()
    assert third.result() == "report"
    assert not unrelated.done()


def test_further_reports_wait_for_their_turn(world: World) -> None:
    first, _ = world.begun("a")
    world.begun("b")
    third = world.computation()
    request = world.ask("c", third)
    wait_until(lambda: world.waiting() == 3)
    assert (third.begun, world.running()) == (0, 2)
    first.end.set()
    third.end.set()
    assert request.result() == "report"


def test_who_has_no_turn_in_time_is_asked_to_come_back(world: World) -> None:
    world.begun("a")
    world.begun("b")
    third = world.computation()
    request = world.ask("c", third)
    wait_until(lambda: world.waiting() == 3)
    world.clock.now += 2
    error = request.exception()
    assert isinstance(error, falcon.HTTPServiceUnavailable)
    assert error.headers == {"Retry-After": "2"}
    assert world.counted("refused") == 1
    for computation in world.computations:
        computation.end.set()
    wait_until(lambda: world.running() == 0)
    assert third.begun == 0


def test_past_its_room_a_request_is_refused_at_once(world: World) -> None:
    world.begun("a")
    for _ in range(3):
        world.ask("a", world.computation())
    wait_until(lambda: world.waiting() == 4)
    with pytest.raises(falcon.HTTPServiceUnavailable):
        world.limiter.answer(NOBODY, "b", world.computation())  # type: ignore[arg-type]
    assert world.counted("refused") == 1


def test_nobody_waits_past_the_deadline_of_the_whole_report(world: World) -> None:
    computation, request = world.begun("a")
    world.clock.now += 30
    error = request.exception()
    assert isinstance(error, falcon.HTTPServiceUnavailable)
    assert "30 s" in (error.description or "")
    assert world.counted("late") == 1
    computation.end.set()
    wait_until(lambda: world.running() == 0)
    assert world.begun("b")


def test_clickhouse_may_be_the_first_to_see_that_the_time_is_over(world: World) -> None:
    def run_out() -> str:
        raise ClickHouseUnavailable("Timeout exceeded", TIMEOUT_EXCEEDED)

    def be_away() -> str:
        raise ClickHouseUnavailable("away")

    assert isinstance(world.ask("a", run_out).exception(), falcon.HTTPServiceUnavailable)
    assert world.counted("late") == 1
    assert isinstance(world.ask("b", be_away).exception(), ClickHouseUnavailable)


def test_who_has_hung_up_waits_no_longer_and_what_nobody_waits_for_is_not_begun(
    world: World,
) -> None:
    world.begun("a")
    world.begun("b")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        third = world.computation()
        request = world.ask("c", third, SimpleNamespace(env={"gunicorn.socket": ours}))
        wait_until(lambda: world.waiting() == 3)
        theirs.send(b"GET /next")
        assert not request.done()
        ours.recv(100)
        theirs.close()
        assert isinstance(request.exception(), falcon.HTTPServiceUnavailable)
    assert world.counted("abandoned") == 1
    assert world.waiting() == 2
    for computation in world.computations:
        computation.end.set()
    wait_until(lambda: world.running() == 0)
    assert third.begun == 0


def test_of_what_nobody_waits_for_any_more_no_further_part_is_begun(world: World) -> None:
    begun: list[str] = []
    going_on = threading.Event()

    def compute(part: str) -> str:
        begun.append(part)
        assert going_on.wait(60)
        return part.upper()

    def ask() -> Future[Any]:
        return world.requests.submit(
            world.limiter.answer_each,
            NOBODY,  # type: ignore[arg-type]
            "q",
            ("a", "b"),
            compute,
        )

    given_up = ask()
    wait_until(lambda: begun == ["a"])
    world.clock.now += 30
    assert isinstance(given_up.exception(), falcon.HTTPServiceUnavailable)
    going_on.set()
    wait_until(lambda: world.running() == 0)
    assert begun == ["a"]
    assert ask().result() == {"a": "A", "b": "B"}
