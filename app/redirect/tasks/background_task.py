"""Background task that a worker does beside answering, for as long as it lives."""

import logging
import random
from collections.abc import Callable

import gevent
from prometheus_client import Counter

from app.logs.throttle import ThrottledLog
from app.redirect.tasks.backoff import backoff_seconds

logger = logging.getLogger(__name__)


class BackgroundTask:
    """Takes a step again and again in a greenlet of its own, whatever the step raises.

    What may go wrong, such as Redis being away, the step deals with itself. Anything else is a
    fault of ours: it is logged with its traceback and counted, and after a pause that grows the
    next step is taken, since clicks depend on it for as long as the worker answers.

    Args:
        name: one of :data:`app.metrics.redirect.CHORES`.
        step: waits by itself until there is something to do.
        failures: counter with the name as its label.
    """

    def __init__(self, name: str, step: Callable[[], None], failures: Counter) -> None:
        self._name = name
        self._step = step
        self._failures = failures.labels(name)
        self._failures_in_a_row = 0
        self._throttled = ThrottledLog(logger)
        self._greenlet: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._greenlet = gevent.spawn(self._run)

    def close(self) -> None:
        """End it wherever it is; blocks the calling greenlet until it has ended."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def _run(self) -> None:
        while True:
            try:
                self._step()
                self._failures_in_a_row = 0
            except Exception:  # noqa: BLE001 - whatever it is, the next step must be taken
                self._note_failure()
                gevent.sleep(backoff_seconds(self._failures_in_a_row, random.random()))  # noqa: S311

    def _note_failure(self) -> None:
        self._failures_in_a_row += 1
        self._failures.inc()
        self._throttled.exception(self._name, "The %s failed and goes on", self._name)
