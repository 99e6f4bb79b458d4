"""Child process that is started, watched and stopped.

Rule 1: a child never outlives us, however we end: the kernel sends it a signal when we are gone.
Rule 2: children are spawned by the main thread, because that signal is sent when the thread that
        forked ends, not the process (prctl(2), PR_SET_PDEATHSIG).
Rule 3: each child leads a process group of its own. Ctrl-C on the terminal then reaches us alone,
        who stop in order, and what a killed child leaves behind can still be found.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SESSION_NICENESS = "/proc/self/autogroup"
_POLL_SECONDS = 0.02
_TAIL_BYTES = 8192
_TAIL_LINES = 8


class ChildFailed(Exception):
    """A child ended, or did not answer in time; the text names it and shows its last lines."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how to know that it answers.

    Attributes:
        environ: all of its variables; those that we have now by default.
        is_ready: tells whether the program answers; it may block for a second, and never raises.
        stops_on_eof: whether closing its standard input is how it is asked to stop.
        niceness: how far it stands back where processors are scarce, 0 to 19 (sched(7)).
        directory: where it runs; None for where we do.
        orphan_signal: what it gets when we are gone; one that is stopped then heeds SIGKILL alone.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    is_ready: Callable[[], bool] = lambda: True
    stops_on_eof: bool = False
    niceness: int = 0
    directory: Path | None = None
    orphan_signal: signal.Signals = signal.SIGTERM


class Child:
    """A program that runs, with its output appended to a file.

    Attributes:
        inherited: file descriptors that the process gets, beside its standard ones.
    """

    def __init__(self, program: Program, log_path: Path, inherited: tuple[int, ...] = ()) -> None:
        self.program = program
        self.log_path = log_path
        self.inherited = inherited
        self._process: subprocess.Popen[bytes] | None = None
        self._has_group = False

    @property
    def pid(self) -> int:
        """The process id of the last spawn; 0 before the first."""
        return self._process.pid if self._process else 0

    @property
    def exit_code(self) -> int | None:
        """What the process ended with, negative for a signal, or None while it runs."""
        return self._process.poll() if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether the process was spawned and has not ended."""
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start the process; main thread only.

        Raises:
            OSError: when the program or its log file can't be opened.
        """
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.program.argv,
                stdin=subprocess.PIPE if self.program.stops_on_eof else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.program.directory,
                env=dict(self.program.environ),
                pass_fds=self.inherited,
                start_new_session=True,
                preexec_fn=_preparation(os.getpid(), self.program),  # noqa: PLW1509 - rule 2
            )
        self._has_group = True

    def ask_to_stop(self) -> None:
        """Ask the process to end by itself; returns at once."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
        else:
            self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process alone, if it runs."""
        if self._process:
            self._process.send_signal(number)

    @property
    def has_survivors(self) -> bool:
        """Whether anything that the process started is still there, after its own end."""
        while self._has_group and self._process and _reap_adopted(self._process.pid):
            continue
        return self.signal_group(0)

    def signal_group(self, number: int) -> bool:
        """Send a signal to the process and all that it started, also after its own end.

        Returns: whether anything was there; once nothing was, nothing is signalled any more,
            because the kernel may give the number to others.
        """
        if self._process and self._has_group:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                self._has_group = False
        return self._has_group

    def kill(self) -> None:
        """End the process and all that it started, now, and wait until it is gone."""
        self.signal_group(signal.SIGKILL)
        if self._process:
            self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()

    def stop(self, timeout_seconds: float) -> bool:
        """Ask the process to stop, kill what is left after the timeout, tell whether it obeyed."""
        self.ask_to_stop()
        obeyed = self.wait(timeout_seconds)
        self.kill()
        return obeyed

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the end of the process, and tell whether it came before the timeout."""
        return wait_for(lambda: not self.is_running, timeout_seconds)

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Wait until the program answers.

        Raises:
            ChildFailed: when it ends first, or the timeout passes.
        """
        settled = wait_for(lambda: not self.is_running or self.program.is_ready(), timeout_seconds)
        if not self.is_running:
            raise ChildFailed(self.epitaph())
        if not settled:
            raise ChildFailed(self._with_tail(f"did not answer in {timeout_seconds:.0f} s"))

    def epitaph(self) -> str:
        """Say how the process ended, with its last lines of output."""
        return self._with_tail(ending(self.exit_code))

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines that the process wrote, none if somebody took its log away."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(0, self.log_path.stat().st_size - _TAIL_BYTES))
                return log.read().decode(errors="replace").splitlines()[-count:]
        except OSError:
            return []

    def _with_tail(self, what: str) -> str:
        tail = "\n".join(f"  {line}" for line in self.last_lines(_TAIL_LINES))
        return f"{self.program.name} {what}; {self.log_path} ends with:\n{tail}"


@contextlib.contextmanager
def running(
    program: Program, log_path: Path, ready_seconds: float, stop_seconds: float
) -> Iterator[Child]:
    """Start a program, wait until it answers, and stop it at the end of the ``with`` block.

    Raises:
        ChildFailed: when it ends first, or does not answer in time.
    """
    child = Child(program, log_path)
    child.spawn()
    try:
        child.wait_until_ready(ready_seconds)
        yield child
    finally:
        child.stop(stop_seconds)


def adopt_orphans() -> None:
    """Become the parent of what our children leave behind when they are killed.

    A container's first process may take seconds to reap them, and until then they look alive.
    """
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def signal_at_parents_end(number: int) -> None:
    """Have the kernel send this process a signal when the thread that started it has ended."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, number)


def _reap_adopted(group: int) -> bool:
    try:
        return os.waitpid(-group, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def ending(exit_code: int | None) -> str:
    """Put a process's end in words, e.g. ``was killed by SIGKILL``."""
    if exit_code is None:
        return "is still running"
    if exit_code < 0:
        return f"was killed by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"


def wait_for(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    """Poll until the condition holds, and tell whether it did before the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _preparation(parent_pid: int, program: Program) -> Callable[[], None]:
    def prepare() -> None:
        signal_at_parents_end(program.orphan_signal)
        if os.getppid() != parent_pid:  # it ended before the line above
            os._exit(1)
        if program.niceness:
            _stand_back(program.niceness)

    return prepare


def _stand_back(niceness: int) -> None:
    """Lower the priority of this process, which leads a session, and of all that it will start."""
    os.nice(niceness)
    # Where the kernel shares processors out by session, it goes by that of the session alone.
    with contextlib.suppress(OSError), open(_SESSION_NICENESS, "w") as file:  # noqa: PTH123 - no Path after a fork
        file.write(str(niceness))
