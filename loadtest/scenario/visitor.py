"""Visitor that waits until the next request of its scenario is due, asks, and measures."""

import time
from random import Random
from typing import Any

from gevent import sleep
from locust import FastHttpUser, task

from loadtest.scenario.ask import REDIRECT_STATUSES, Ask
from loadtest.scenario.connections import HonestPool, is_cut
from loadtest.scenario.links import Catalogue
from loadtest.scenario.people import People
from loadtest.scenario.schedule import Arrivals
from loadtest.scenario.session import Session

#: How long an answer is waited for, and a connection.
_TIMEOUT_SECONDS = 10.0
#: A user without anything to do sleeps until Locust stops it.
_FOR_EVER_SECONDS = 1e6


class Visitor(FastHttpUser):  # type: ignore[misc]
    """A scenario's user is one connection; its class says how often and what it asks."""

    abstract = True
    concurrency = 1
    network_timeout = _TIMEOUT_SECONDS
    connection_timeout = _TIMEOUT_SECONDS

    def __init__(self, environment: Any) -> None:
        self.client_pool = HonestPool(_TIMEOUT_SECONDS)
        super().__init__(environment)
        self.session: Session = environment.session
        self.random = Random()
        self.people = People(self.random)
        self._due: float | None = None
        self._free_at = 0.0
        self._arrivals: Arrivals | None = None
        self.prepare(self.session.catalogue)

    def prepare(self, catalogue: Catalogue) -> None:
        """Choose the codes that will be asked for."""

    def choose(self) -> Ask:
        """Return the next request."""
        raise NotImplementedError

    @staticmethod
    def surge(_elapsed: float) -> float:
        """Return the factor of the scenario's rate at a time; its mean is 1."""
        return 1.0

    def on_start(self) -> None:
        """Take part in the scenario's schedule."""
        if self.session.options.prime:
            self._prime()
        self._arrivals = self.session.user_came(type(self).__name__, 1)

    def on_stop(self) -> None:
        """Leave the schedule to the others."""
        self.session.user_came(type(self).__name__, -1)

    def wait_time(self) -> float:
        """Return how long to sleep until the next request is due."""
        self._free_at = time.monotonic()
        if self._free_at < self.session.begins_at:
            # Not before all users are there: the rate goes by how many of them there are.
            return self.session.begins_at - self._free_at
        late = self.session.is_past_drain or self._arrivals is None
        self._due = None if late else self._arrivals.take()
        return _FOR_EVER_SECONDS if self._due is None else max(0.0, self._due - self._free_at)

    @task
    def visit(self) -> None:
        """Send the request that is due."""
        if self._due is not None:
            self._follow(self.choose(), self._due)

    def _follow(self, ask: Ask, due: float) -> None:
        session = self.session
        self._note_lateness(due)
        session.in_flight += 1
        try:
            if self._send(ask, due, is_last=False):
                # Like a browser (RFC 9110, section 9.2.2): once more, on a new connection.
                self._send(ask, due, is_last=True)
        finally:
            session.in_flight -= 1

    def _note_lateness(self, due: float) -> None:
        if self.session.judged(due) is None:
            return
        sent = time.monotonic()
        self.session.measured.late.add(sent - max(due, self._free_at))
        if self._free_at > due:
            self.session.measured.queued += 1

    def _send(self, ask: Ask, due: float, *, is_last: bool) -> bool:
        """Send and measure; return whether the connection was cut and it should be sent again."""
        with self.client.request(
            ask.method,
            ask.path,
            name=ask.name,
            headers=ask.headers,
            allow_redirects=False,
            catch_response=True,
        ) as response:
            seconds = time.monotonic() - due
            response.request_meta["response_time"] = seconds * 1000
            error = getattr(response, "error", None)
            if error is not None and is_cut(error) and not is_last:
                self._note_cut(ask)
                response.failure("connection ended before the answer: asked again")
                return True
            fault = self._fault(ask, response)
            self._note_answer(ask, due, seconds, response.status_code, fault)
            if fault:
                response.failure(fault)
            else:
                response.success()
        return False

    def _fault(self, ask: Ask, response: Any) -> str:
        if not response.status_code:
            cause = getattr(response.error, "original", None) or response.error
            return f"no answer: {type(cause).__name__}"
        return ask.fault(response.status_code, response.headers.get("location"))

    def _note_cut(self, ask: Ask) -> None:
        self.session.measured.cut += 1
        if ask.may_click:
            self.session.measured.unanswered[ask.code] += 1

    def _note_answer(self, ask: Ask, due: float, seconds: float, status: int, fault: str) -> None:
        measured = self.session.measured
        if ask.may_click and status in REDIRECT_STATUSES:
            measured.redirected[ask.code] += 1
        elif ask.may_click and not status:
            measured.unanswered[ask.code] += 1
        elapsed = self.session.judged(due)
        if elapsed is not None:
            interval = int(elapsed / self.session.interval_seconds)
            measured.answered(ask.route, interval, seconds, fault)

    def _prime(self) -> None:
        for code in self.session.catalogue.hot():
            self.client.head(f"/{code}", name="(priming)", allow_redirects=False)
            sleep(0)
