"""Heartbeat that a consumer writes while it works, in memory that its supervisor sees as well.

Rule 1: the working loop itself writes it, so that it stands still when the loop does.
Rule 2: each field is eight bytes and has one writer, so no lock is needed and none can be left
        locked by a consumer that was killed.
"""

import ctypes
import signal
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from multiprocessing.sharedctypes import RawValue


class Heartbeat(ctypes.Structure):
    """One consumer's fields; its own to write, its supervisor's to read. All are 0 at first.

    Attributes:
        at: the last beat; this and other times are :func:`time.monotonic`, in seconds.
        is_resting: whether the consumer waits for entries since then.
        clicks: how many it has inserted.
        inserted_at: when it last inserted some.
        rested_seconds: how long it has waited for entries, without the wait that goes on.
    """

    _fields_ = (
        ("at", ctypes.c_double),
        ("is_resting", ctypes.c_int64),
        ("clicks", ctypes.c_int64),
        ("inserted_at", ctypes.c_double),
        ("rested_seconds", ctypes.c_double),
    )
    at: float
    is_resting: int
    clicks: int
    inserted_at: float
    rested_seconds: float


def shared_heartbeat() -> Heartbeat:
    """Return a heartbeat that a process may be given when it is spawned."""
    return RawValue(Heartbeat)


def sharing_refusal() -> str:
    """Say why no heartbeat can be shared, and what to do; empty when one can be."""
    try:
        shared_heartbeat()
    except OSError as error:
        why = error.strerror or str(error)
        return (
            f"can't share memory with consumers: {error.filename or 'no file'}: {why};"
            " every user has to be able to write to /dev/shm (chmod 1777 /dev/shm)"
        )
    return ""


class Pulse:
    """Writes a heartbeat; the consumer calls :meth:`beat` in each turn of its loop.

    Args:
        arm: called with each beat; for a deadman's switch, see :func:`deadman`.
    """

    def __init__(
        self,
        heartbeat: Heartbeat,
        clock: Callable[[], float] = time.monotonic,
        arm: Callable[[], object] = lambda: None,
    ) -> None:
        self._heartbeat = heartbeat
        self._clock = clock
        self._arm = arm

    def beat(self) -> None:
        """Show that the loop goes on."""
        self._heartbeat.at = self._clock()
        self._arm()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Show that the consumer waits for entries, which is no work and takes BLOCK at most."""
        heartbeat = self._heartbeat
        heartbeat.at = started = self._clock()
        heartbeat.is_resting = True
        try:
            yield
        finally:
            heartbeat.at = self._clock()
            heartbeat.rested_seconds += heartbeat.at - started
            heartbeat.is_resting = False

    def note_inserted(self, clicks: Sized) -> None:
        """Count clicks that ClickHouse has stored."""
        self._heartbeat.clicks += len(clicks)
        self._heartbeat.inserted_at = self._clock()


def deadman(seconds: float) -> Callable[[], object]:
    """Return what must be called again and again, lest the kernel ends this process with SIGALRM.

    A consumer that hangs and has lost its supervisor has nobody else to end it, and no Python code
    of its own would run.
    """
    return lambda: signal.setitimer(signal.ITIMER_REAL, seconds)
