"""Process that holds one consumer, as its supervisor sees it: its heartbeat, and how it ends."""

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable

from app.config.settings import Settings
from app.config.shards import shard_of_place
from app.processes.procfs import describe
from workers.consumer.bootstrap import (
    BOOT_FAILED,
    FENCED,
    HELD_SIGNALS,
    STACKS_SIGNAL,
    boot,
    consumer_name,
)
from workers.consumer.liveness import Liveness, longest_silence_seconds
from workers.process.heartbeat import shared_heartbeat
from workers.supervisor.rate import Rate

logger = logging.getLogger(__name__)

#: How long a hung consumer has for writing its stacks before it is killed.
STACKS_SECONDS = 1.0
#: Most that one look at a consumer may add to its silence: looks are more frequent than that.
_LOOK_SECONDS = 2.0


class ConsumerProcess:
    """A consumer, spawned by its making.

    Args:
        number: of its slot.
        predecessor: name of a dead consumer whose entries it takes over at once; '' for none.

    Attributes:
        name: one that no consumer had before.
        settings: those that it was spawned with.
        stream: which it reads, where there are shards; else ''.
        spawned_at: as the clock says.
        clicks: what it inserts.
        rest: how much of its time it waits for entries.
        was_killed: whether :meth:`kill` was called.
    """

    def __init__(
        self,
        number: int,
        settings: Settings,
        predecessor: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.number = number
        self.name = consumer_name()
        self.settings = settings
        self.spawned_at = clock()
        self.heartbeat = shared_heartbeat()
        self.clicks = Rate()
        self.rest = Rate()
        self._clock = clock
        self._liveness = Liveness(_LOOK_SECONDS, clock)
        self._drained_by: float | None = None
        self._hung_since: float | None = None
        self.was_killed = False
        shard = shard_of_place(settings, number - 1, socket.gethostname())
        self.stream = shard.stream if shard is not settings else ""
        self._process = multiprocessing.get_context("spawn").Process(
            target=boot,
            args=(shard, os.getpid(), self.name, predecessor, self.heartbeat),
            name=f"consumer-{number}",
            daemon=True,
        )
        self._start()

    def _start(self) -> None:
        # Blocked signals are inherited: one that comes early waits until the consumer can take it.
        signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
        self.pid = self._process.pid or 0
        self.sentinel = self._process.sentinel
        logger.info("spawned consumer %d as process %d", self.number, self.pid)

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it lives; a signal's number is negative."""
        return self._process.exitcode

    @property
    def has_worked(self) -> bool:
        """Whether its loop ever went round."""
        return self.heartbeat.at > 0

    @property
    def is_hung(self) -> bool:
        """Whether it was silent for too long when last looked at."""
        return self._hung_since is not None

    @property
    def is_draining(self) -> bool:
        """Whether it was told to end."""
        return self._drained_by is not None

    def lived_seconds(self) -> float:
        """Return how long ago it was spawned."""
        return self._clock() - self.spawned_at

    def drain(self) -> None:
        """Have it finish what it read, and end; being killed is next when that takes too long."""
        if self._drained_by is None:
            self._drained_by = self._clock() + self.settings.drain_seconds
            self._process.terminate()

    def look(self) -> bool:
        """Kill it if it hangs or drains for too long; return whether it was just found hung.

        A hung one gets a moment to write its stacks first, and is spared if it comes to itself.
        """
        self._note_rates()
        seconds = self._liveness.look(self.heartbeat)
        if self._drained_by is not None:
            if self._clock() >= self._drained_by:
                self.kill()
            return False
        if seconds <= longest_silence_seconds(self.heartbeat, self.settings):
            self._hung_since = None
            return False
        if self._hung_since is None:
            self._hung_since = self._clock()
            self._show_stacks(seconds)
            return True
        if self._clock() >= self._hung_since + STACKS_SECONDS:
            self.kill()
        return False

    def kill(self) -> None:
        """End it at once; others take over what it had read."""
        if self.was_killed:
            return
        logger.error("killing process %d: what it read stays pending", self.pid)
        self.was_killed = True
        self._process.kill()

    def close(self) -> None:
        """Wait for the end of one that was killed, and let go of it."""
        self._process.join()
        self._process.close()

    def _note_rates(self) -> None:
        now, heartbeat = self._clock(), self.heartbeat
        waits_seconds = now - heartbeat.at if heartbeat.is_resting else 0.0
        self.clicks.note(now, heartbeat.clicks)
        self.rest.note(now, heartbeat.rested_seconds + waits_seconds)

    def _show_stacks(self, seconds: float) -> None:
        logger.error(
            "consumer %d, process %d, hangs: no beat for %.0f s; %s; its stacks follow if it can"
            " write them",
            self.number,
            self.pid,
            seconds,
            describe(self.pid),
        )
        os.kill(self.pid, STACKS_SIGNAL)


def how_it_ended(exit_code: int, *, was_killed_by_us: bool) -> str:
    """Say what an exit code of multiprocessing means; a signal's is negative."""
    if was_killed_by_us:
        return "was killed by its supervisor"
    if exit_code == -signal.SIGKILL:
        return "was killed with SIGKILL, perhaps out of memory"
    if exit_code < 0:
        return f"was killed with {signal.Signals(-exit_code).name}"
    if exit_code == BOOT_FAILED:
        return "could not begin"
    if exit_code == FENCED:
        return "ended, for others had taken it for dead"
    return f"died with exit code {exit_code}" if exit_code else "ended"
