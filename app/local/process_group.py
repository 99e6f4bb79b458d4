"""Process group that starts its children in order, starts again what dies, and stops in order.

Rule: stages. A child may need what stands in an earlier stage, so a stop asks the latest stage
first, and all children of a stage at once.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.local.memory import oom_kills
from app.processes.child import Child, ChildFailed, Program, ending, wait_for

Say = Callable[[str], None]

#: Of what counts: visitors come first, as they do by CPUWeight in the systemd units.
ANALYTICS_NICENESS = 10

#: Respawns wait 0.1 s, then twice as long each time, up to the second number.
_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 10.0
#: How long what a dead child had started may take to finish and to leave its port.
_SURVIVORS_SECONDS = 3.0
#: A child that lived this long had not died of its start.
_SETTLED_SECONDS = 30.0
#: Deaths of a child before it ever answered, after which its start has failed.
_START_ATTEMPTS = 3
#: Kept back for each earlier stage when a stop runs out of time.
_STAGE_SECONDS = 1.0


@dataclass(slots=True)
class _Member:
    child: Child
    stage: int
    spawned_at: float = 0.0
    oom_kills: int = 0
    deaths: int = 0
    is_back: bool = True
    respawn_at: float | None = None

    @property
    def name(self) -> str:
        return self.child.program.name


class ProcessGroup:
    """Children in stages; not thread-safe, and for the main thread only, as :class:`Child` is."""

    def __init__(
        self,
        say: Say,
        inherited: tuple[int, ...] = (),
        clock: Callable[[], float] = time.monotonic,
        oom_kills: Callable[[], int] = oom_kills,
    ) -> None:
        """Make a group without members.

        Args:
            say: tells a person one line.
            inherited: file descriptors that all children get.
            clock: seconds that only go forward.
            oom_kills: how often the kernel has ended a process for want of memory.
        """
        self._say = say
        self._inherited = inherited
        self._clock = clock
        self._oom_kills = oom_kills
        self._members: list[_Member] = []

    def start(self, program: Program, log_path: Path, stage: int) -> None:
        """Spawn a program; returns at once."""
        member = _Member(Child(program, log_path, self._inherited), stage)
        self._members.append(member)
        self._spawn(member)

    def require_started(self) -> None:
        """Make sure that no child died again and again while the group was being started.

        Raises:
            ChildFailed: with the last lines of the first that did.
        """
        for member in self._members:
            if member.deaths >= _START_ATTEMPTS and not member.child.is_running:
                raise ChildFailed(member.child.epitaph())

    def unready(self) -> list[str]:
        """Return the names of those that don't run or don't answer."""
        return [
            m.name for m in self._members if not (m.child.is_running and m.child.program.is_ready())
        ]

    def tend(self) -> None:
        """Reap who died, respawn whose time has come, and say so; never blocks for long."""
        now = self._clock()
        for member in self._members:
            if member.respawn_at is not None:
                self._respawn_if_due(member, now)
            elif not member.child.is_running:
                self._reap(member, now)
            elif not member.is_back and member.child.program.is_ready():
                member.is_back = True
                self._say(f"{member.name} is back")

    def stop(self, timeout_seconds: float, is_impatient: Callable[[], bool]) -> list[str]:
        """Stop all, latest stage first; kill what is left when time is up.

        Args:
            is_impatient: when this turns true, everything is killed now.

        Returns:
            The names of those that had to be killed.
        """
        deadline = self._clock() + timeout_seconds
        killed: list[str] = []
        for stage in sorted({member.stage for member in self._members}, reverse=True):
            until = deadline - stage * _STAGE_SECONDS
            killed += self._stop_stage(stage, until - self._clock(), is_impatient)
        return killed

    def _stop_stage(
        self, stage: int, timeout_seconds: float, is_impatient: Callable[[], bool]
    ) -> list[str]:
        children = [member.child for member in self._members if member.stage == stage]
        for child in children:
            child.ask_to_stop()
        wait_for(
            lambda: is_impatient() or not any(child.is_running for child in children),
            timeout_seconds,
        )
        killed = [child.program.name for child in children if child.is_running]
        for child in children:
            child.kill()
        return killed

    def _spawn(self, member: _Member) -> None:
        member.spawned_at = self._clock()
        member.oom_kills = self._oom_kills()
        member.respawn_at = None
        member.child.spawn()

    def _reap(self, member: _Member, now: float) -> None:
        if now - member.spawned_at > _SETTLED_SECONDS:
            member.deaths = 0
        member.deaths += 1
        member.respawn_at = now + respawn_delay_seconds(member.deaths)
        member.is_back = False
        member.child.signal_group(signal.SIGTERM)
        why = ", as memory ran out" if self._lacked_memory(member) else ""
        self._say(f"{member.name} {ending(member.child.exit_code)}{why}: starting it again")

    def _lacked_memory(self, member: _Member) -> bool:
        was_killed = member.child.exit_code == -signal.SIGKILL
        return was_killed and self._oom_kills() > member.oom_kills

    def _respawn_if_due(self, member: _Member, now: float) -> None:
        if member.respawn_at is None or now < member.respawn_at:
            return
        if member.child.has_survivors and now < member.respawn_at + _SURVIVORS_SECONDS:
            return
        member.child.kill()
        try:
            self._spawn(member)
        except OSError as error:
            # Memory, processes or a folder may be missing for a while; nobody else tries again.
            member.deaths += 1
            member.respawn_at = now + respawn_delay_seconds(member.deaths)
            self._say(f"{member.name} can't be started: {error.strerror}; trying again")


def respawn_delay_seconds(deaths: int) -> float:
    """Return how long to wait before the next spawn, given the deaths in a row so far."""
    delay: float = _FIRST_DELAY_SECONDS * 2 ** min(deaths - 1, 10)
    return min(delay, _LONGEST_DELAY_SECONDS)
