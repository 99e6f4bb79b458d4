"""Keeps N consumers alive, each in a process of its own.

Rule 1: a signal is only queued when it comes; what it means is decided in the loop.
Rule 2: processes are spawned, not forked: a consumer begins with an interpreter of its own and
        inherits no connection, lock or thread. A fork server would do too, but it would be the
        consumers' parent, whose death they could not be told of.
Rule 3: a consumer that could not begin is not one that died. If it is among the first, the
        settings are wrong and all stops; a later one is tried again like any death.
"""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess

from app.settings import Settings
from workers.backoff import Backoff
from workers.boot import BOOT_FAILED, FENCED, HELD_SIGNALS, boot, consumer_name
from workers.signals import Signals

logger = logging.getLogger(__name__)

#: Wait before a dead consumer's successor: the first time, and the longest.
RESPAWN_SECONDS = 0.25
MOST_RESPAWN_SECONDS = 30.0
#: A consumer that lived this long died of something new: its successor comes at once again.
HEALTHY_SECONDS = 60.0
#: Longest wait between two looks at the consumers.
_LOOK_SECONDS = 60.0


class Place:
    """One of the N places: the process that fills it, or when the next one may.

    The name is the last consumer's. Its successor is told, so that it can take over at once what a
    dead one left, instead of waiting until that one's lease has run out.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.backoff = Backoff(RESPAWN_SECONDS, MOST_RESPAWN_SECONDS)
        self.process: SpawnProcess | None = None
        self.name = ""
        self.spawned_at = 0.0
        self.due_at = 0.0


class Supervisor:
    """Spawns, reaps and respawns consumers, and drains them at the end.

    Args:
        signals: SIGTERM and SIGINT; the first means drain, the second kill.
    """

    def __init__(
        self,
        settings: Settings,
        signals: Signals,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._signals = signals
        self._clock = clock
        self._places = [Place(number) for number in range(1, settings.consumers + 1)]
        self._has_worked = False
        self._is_hopeless = False

    def run(self) -> int:
        """Keep the consumers alive until told to stop; return the exit code."""
        # It unblocks signals when it starts, which the first consumer would inherit.
        resource_tracker.ensure_running()
        while not (self._is_hopeless or self._signals.take()):
            self._spawn_due()
            self._wait(self._seconds_to_spawn())
            self._reap()
        drained = self._drain()
        return 0 if drained and not self._is_hopeless else 1

    def _spawn_due(self) -> None:
        for place in self._places:
            if place.process is None and self._clock() >= place.due_at:
                self._spawn(place)

    def _spawn(self, place: Place) -> None:
        predecessor, place.name = place.name, consumer_name()
        process = multiprocessing.get_context("spawn").Process(
            target=boot,
            args=(self._settings, os.getpid(), place.name, predecessor),
            name=f"consumer-{place.number}",
            daemon=True,
        )
        # Blocked signals are inherited: one that comes early waits until the consumer can take it.
        signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
        place.process = process
        place.spawned_at = self._clock()
        logger.info("spawned consumer %d as process %d", place.number, process.pid)

    def _seconds_to_spawn(self) -> float:
        due = [place.due_at for place in self._places if place.process is None]
        return min(due) - self._clock() if due else _LOOK_SECONDS

    def _wait(self, seconds: float) -> None:
        """Wait until a consumer dies or a signal comes, at most so long."""
        sentinels = [process.sentinel for process in self._living()]
        connection.wait([*sentinels, self._signals.fileno()], max(0.0, seconds))

    def _reap(self) -> None:
        for place in self._places:
            process = place.process
            if process is not None and process.exitcode is not None:
                place.process = None
                self._note_end(place, process)
                process.close()

    def _note_end(self, place: Place, process: SpawnProcess) -> None:
        lived_seconds = self._clock() - place.spawned_at
        exit_code = process.exitcode or 0
        if exit_code != BOOT_FAILED:
            self._has_worked = True
        elif not self._has_worked:
            self._is_hopeless = True
        if lived_seconds >= HEALTHY_SECONDS:
            place.backoff.reset()
        wait_seconds = place.backoff.next_seconds()
        place.due_at = self._clock() + wait_seconds
        log = logger.error if exit_code else logger.info
        log("consumer %d, process %d, %s", place.number, process.pid, how_it_ended(exit_code))

    def _drain(self) -> bool:
        """Let the consumers finish what they read, within one deadline; return if all did."""
        deadline = self._clock() + self._settings.drain_seconds
        logger.info("draining %d consumers", len(self._living()))
        for process in self._living():
            process.terminate()
        while self._living() and self._clock() < deadline and not self._signals.take():
            self._wait(deadline - self._clock())
            self._reap()
        return self._kill()

    def _kill(self) -> bool:
        """Kill and reap what is left; return whether nothing was."""
        left = self._living()
        for process in left:
            logger.error("killing process %d: what it read stays pending", process.pid)
            process.kill()
        for process in left:
            process.join()
        self._reap()
        return not left

    def _living(self) -> list[SpawnProcess]:
        return [place.process for place in self._places if place.process is not None]


def how_it_ended(exit_code: int) -> str:
    """Say what an exit code of multiprocessing means; a signal's is negative."""
    if exit_code == -signal.SIGKILL:
        return "was killed with SIGKILL, perhaps out of memory"
    if exit_code < 0:
        return f"was killed with {signal.Signals(-exit_code).name}"
    if exit_code == BOOT_FAILED:
        return "could not begin"
    if exit_code == FENCED:
        return "ended, for others had taken it for dead"
    return f"died with exit code {exit_code}" if exit_code else "ended"
