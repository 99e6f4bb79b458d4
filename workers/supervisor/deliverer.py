"""Keeper of the process that tells webhooks: starts it once there is one, and again if it dies."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable

from app.config.settings import Settings
from workers.consumer.bootstrap import HELD_SIGNALS, consumer_name
from workers.process.backoff import Backoff
from workers.process.heartbeat import shared_heartbeat
from workers.supervisor.slot import HEALTHY_SECONDS, MOST_RESPAWN_SECONDS, RESPAWN_SECONDS
from workers.webhooks.bootstrap import boot, longest_silence_seconds

logger = logging.getLogger(__name__)


class DelivererProcess:
    """One process that tells webhooks, spawned by its making."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._heartbeat = shared_heartbeat()
        self._heard_at, self._heard = clock(), 0.0
        self.spawned_at = clock()
        self._process = multiprocessing.get_context("spawn").Process(
            target=boot,
            args=(settings, os.getpid(), consumer_name(), self._heartbeat),
            name="webhooks",
            daemon=True,
        )
        # Blocked signals are inherited: one that comes early waits until it can be taken.
        signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
        self.sentinel = self._process.sentinel
        logger.info("spawned process %d, which tells webhooks", self._process.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it lives; a signal's number is negative."""
        return self._process.exitcode

    def is_hung(self) -> bool:
        """Tell whether it was silent for too long; to be called again and again."""
        if self._heartbeat.at != self._heard:
            self._heard, self._heard_at = self._heartbeat.at, self._clock()
        boot_seconds = 0.0 if self._heard else HEALTHY_SECONDS
        silence = self._clock() - self._heard_at
        return silence > longest_silence_seconds(self._settings) + boot_seconds

    def drain(self) -> None:
        """Have it finish what is on its way, and end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once; whoever comes next sends what was on its way again."""
        self._process.kill()

    def close(self) -> None:
        """Wait for its end, and let go of it."""
        self._process.join()
        self._process.close()


class DelivererKeeper:
    """Keeps one such process alive from when there is a webhook; it holds up nothing else.

    Args:
        spawn: as :class:`DelivererProcess`.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        spawn: Callable[[Settings], DelivererProcess] = DelivererProcess,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._spawn = spawn
        self._backoff = Backoff(RESPAWN_SECONDS, MOST_RESPAWN_SECONDS)
        self._due_at = 0.0
        self._process: DelivererProcess | None = None

    @property
    def sentinels(self) -> list[int]:
        """What is ready when the process ends."""
        return [self._process.sentinel] if self._process else []

    def tend(self, *, is_wanted: bool) -> None:
        """Reap a process that has ended, kill one that hangs, spawn one that is missing.

        Args:
            is_wanted: whether there is a webhook.
        """
        self.reap()
        if self._process and self._process.is_hung():
            logger.error("process %d, which tells webhooks, hangs: killing it", self._process.pid)
            self._process.kill()
        if is_wanted and self._process is None and self._clock() >= self._due_at:
            self._process = self._spawn(self._settings)

    def adopt(self, settings: Settings) -> None:
        """Go by other settings: the process is replaced by one with these."""
        self._settings = settings
        if self._process:
            self._process.drain()

    def drain(self) -> None:
        """Have the process end."""
        if self._process:
            self._process.drain()

    def reap(self) -> None:
        """Let go of a process that has ended."""
        process = self._process
        if process is None or process.exit_code is None:
            return
        if process.exit_code:
            logger.error(
                "process %d, which told webhooks, died: %d", process.pid, process.exit_code
            )
        if self._clock() - process.spawned_at >= HEALTHY_SECONDS or not process.exit_code:
            self._backoff.reset()
        self._due_at = self._clock() + self._backoff.next_seconds()
        process.close()
        self._process = None

    def kill(self) -> None:
        """End and reap the process if there still is one."""
        if self._process:
            self._process.kill()
            self._process.close()
            self._process = None
