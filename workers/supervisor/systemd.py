"""Notifier that shows the workers to systemd: Type=notify or notify-reload, and WatchdogSec=."""

import time
from collections.abc import Callable

from app.processes.systemd import READY, STOPPING, WATCHDOG, Notifier

#: Pings in the time after which systemd takes us for hung; it wants two at least.
_PINGS = 4


class SystemdNotifier:
    """The workers as systemd sees them: Type=notify or notify-reload, and WatchdogSec=.

    READY comes when every consumer has gone round its loop once. The watchdog is pinged from the
    supervisor's loop, and only while the consumers are healthy, so that neither a supervisor that
    hangs nor consumers that all hang or crash again and again look alive.
    """

    def __init__(
        self, notifier: Notifier, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._notifier = notifier
        self._monotonic_ns = monotonic_ns
        self._is_ready = False
        self._status = ""
        self._ping_at_ns = 0

    @property
    def look_seconds(self) -> float:
        """How long the supervisor may wait between two calls of :meth:`show`."""
        watchdog_seconds = self._notifier.watchdog_seconds
        return float("inf") if watchdog_seconds is None else watchdog_seconds / _PINGS

    def show(self, status: str, *, is_ready: bool, is_healthy: bool) -> None:
        """Tell systemd what is new: that we are ready, how we fare, that we are alive."""
        news = []
        if is_ready and not self._is_ready:
            self._is_ready = True
            news.append(READY)
        if is_healthy and self._is_ping_due():
            news.append(WATCHDOG)
        if news or status != self._status:
            self._notifier.tell(*news, status=status if status != self._status else "")
        self._status = status

    def note_reloading(self) -> None:
        """Say that settings are read anew; READY follows by :meth:`show` once that is over."""
        self._is_ready = False
        # systemd.service(5) on notify-reload: to tell this reload from an earlier one.
        self._notifier.tell("RELOADING=1", f"MONOTONIC_USEC={self._monotonic_ns() // 1000}")

    def note_stopping(self) -> None:
        """Say that the end has begun."""
        self._notifier.tell(STOPPING, status="draining")

    def _is_ping_due(self) -> bool:
        watchdog_seconds = self._notifier.watchdog_seconds
        now_ns = self._monotonic_ns()
        if watchdog_seconds is None or now_ns < self._ping_at_ns:
            return False
        self._ping_at_ns = now_ns + int(watchdog_seconds / _PINGS * 1e9 / 2)
        return True
