"""Hook that puts gunicorn's arbiter under systemd's watchdog (WatchdogSec=, systemd.service(5))."""

from typing import Any

from app.processes.systemd import WATCHDOG, Notifier


def keep_watch(arbiter: Any, notifier: Notifier) -> None:
    """Have each round of an arbiter's main loop tell systemd that it went round.

    gunicorn has no hook there. What it does in every round, at least once a second, is to look for
    workers whose heartbeat is too old; pinging right after that says both that the loop goes round
    and that hung workers are being replaced. A thread of its own would ping for a hung arbiter,
    too.

    Args:
        arbiter: a gunicorn.arbiter.Arbiter, in its process.
    """
    if notifier.watchdog_seconds is None:
        return
    murder_workers = arbiter.murder_workers

    def murder_workers_and_ping() -> None:
        murder_workers()
        notifier.tell(WATCHDOG)

    arbiter.murder_workers = murder_workers_and_ping
