"""Limiter that keeps reports from taking up all of the console.

Rule 1: few reports are computed at once, in threads of their own. The next waits a moment for its
        turn, and then is to be asked for again.
Rule 2: identical questions under way share one computation (single flight).
Rule 3: fewer requests wait for reports than the console has threads, so that probes and metrics
        always find a free one.
Rule 4: nobody waits past the deadline, and who has hung up waits no longer. What nobody waits for
        any more isn't begun, nor is the next part of it.
"""

import socket
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

import falcon

from app.config.settings import Settings
from app.metrics.console import ConsoleMetrics
from app.stores.clickhouse.codes import TIMEOUT_EXCEEDED
from app.stores.clickhouse.connection import ClickHouseUnavailable

Report = TypeVar("Report")
Part = TypeVar("Part", bound=Hashable)

#: How long a report may wait for its turn. Most take less than this.
_TURN_SECONDS = 2.0
#: How often it is looked whether who waits has hung up.
_LOOK_SECONDS = 0.25


@dataclass(slots=True)
class _Flight:
    """A computation, begun or waiting for its turn, and how many requests wait for it."""

    future: Future[Any]
    waiting: int = 0


class ReportLimiter:
    """Has reports computed for requests, which wait for them in their own threads."""

    def __init__(
        self,
        settings: Settings,
        metrics: ConsoleMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._executor = ThreadPoolExecutor(settings.console_reports, "report")
        self._room = settings.console_threads
        self._deadline_seconds = settings.clickhouse_timeout_seconds
        self._outcomes = metrics.reports
        self._running = metrics.reports_running
        self._clock = clock
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight] = {}

    def answer(
        self, req: falcon.Request, question: Hashable, compute: Callable[[], Report]
    ) -> Report:
        """Return what is computed for this question, perhaps for others who ask the same.

        Args:
            req: who waits.
            compute: answers the question, in another thread; what it raises is raised here.

        Raises:
            falcon.HTTPServiceUnavailable: there are too many reports at work, or it took too long.
        """
        flight, outcome = self._join(question, compute)
        try:
            self._wait(flight, req)
        finally:
            self._leave(question, flight)
        try:
            report: Report = flight.future.result()
        except ClickHouseUnavailable as error:
            # Its deadline is that of the report, and it may be the first to see that it is over.
            if error.code != TIMEOUT_EXCEEDED:
                raise
            raise self._lateness() from error
        self._outcomes.labels(outcome).inc()
        return report

    def answer_each(
        self,
        req: falcon.Request,
        question: Hashable,
        parts: Iterable[Part],
        compute: Callable[[Part], Report],
    ) -> dict[Part, Report]:
        """Return what is computed for each part of a question, one after the other in one turn.

        Raises:
            falcon.HTTPServiceUnavailable: as :meth:`answer` does.
        """

        def compute_each() -> dict[Part, Report]:
            found: dict[Part, Report] = {}
            for part in parts:
                self._require_waiting(question)
                found[part] = compute(part)
            return found

        return self.answer(req, question, compute_each)

    def _require_waiting(self, question: Hashable) -> None:
        with self._lock:
            if not self._flights[question].waiting:
                # Read by who joins before this computation has ended, if anybody does.
                raise falcon.HTTPServiceUnavailable(
                    description="This report was given up. Ask again in a moment.", retry_after=1
                )

    def _join(self, question: Hashable, compute: Callable[[], object]) -> tuple[_Flight, str]:
        with self._lock:
            if sum(flight.waiting for flight in self._flights.values()) >= self._room:
                raise self._refusal()
            outcome = "shared"
            if question not in self._flights:
                outcome = "computed"
                future = self._executor.submit(self._compute, question, compute)
                self._flights[question] = _Flight(future)
            flight = self._flights[question]
            flight.waiting += 1
        return flight, outcome

    def _compute(self, question: Hashable, compute: Callable[[], Report]) -> Report:
        with self._running.track_inprogress():
            try:
                return compute()
            finally:
                # Who asks from now on wants to know what has been clicked since.
                with self._lock:
                    del self._flights[question]

    def _wait(self, flight: _Flight, req: falcon.Request) -> None:
        began = self._clock()
        while not wait([flight.future], _LOOK_SECONDS).done:
            waited_seconds = self._clock() - began
            if waited_seconds >= self._deadline_seconds:
                raise self._lateness()
            if waited_seconds >= _TURN_SECONDS and not flight.future.running():
                raise self._refusal()
            if has_hung_up(req):
                self._outcomes.labels("abandoned").inc()
                raise falcon.HTTPServiceUnavailable(description="Who asked has hung up.")

    def _leave(self, question: Hashable, flight: _Flight) -> None:
        with self._lock:
            flight.waiting -= 1
            if not flight.waiting and flight.future.cancel():
                del self._flights[question]

    def _refusal(self) -> falcon.HTTPServiceUnavailable:
        self._outcomes.labels("refused").inc()
        return falcon.HTTPServiceUnavailable(
            description="Other reports are at work. Ask again in a moment.",
            retry_after=int(_TURN_SECONDS),
        )

    def _lateness(self) -> falcon.HTTPServiceUnavailable:
        self._outcomes.labels("late").inc()
        return falcon.HTTPServiceUnavailable(
            description=f"The report took more than {self._deadline_seconds:g} s. Ask for less,"
            " by since and until.",
            retry_after=int(self._deadline_seconds),
        )


def has_hung_up(req: falcon.Request) -> bool:
    """Tell whether the client has closed its connection; not if the server doesn't show it."""
    connection: socket.socket | None = req.env.get("gunicorn.socket")
    if connection is None:
        return False
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
