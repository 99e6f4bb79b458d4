"""Worker processes of a run, as their master hears of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Processes:
    """Knows who takes part, who is done and who was lost on the way.

    Attributes:
        settled: process to whether everything that it had to send is answered.
        busy: process to the share of the time that it was busy.
        late: processes that came after the beginning.
        lost: those that went away before they were settled.
    """

    settled: dict[str, bool] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    def begin(self, present: Iterable[str]) -> None:
        """Forget the run before; these take part in the next."""
        self.settled = dict.fromkeys(present, False)
        self.busy, self.late, self.lost = {}, set(), set()

    def reported(self, process: str, busy: float, *, is_settled: bool) -> None:
        """Note what a process told of this run."""
        if process not in self.settled:
            self.late.add(process)
        self.settled[process] = is_settled
        if not is_settled:
            self.busy[process] = busy

    def look(self, present: Iterable[str]) -> None:
        """Note who is no longer there; whoever is settled may go."""
        there = set(present)
        self.lost = {one for one, done in self.settled.items() if not done and one not in there}

    @property
    def are_settled(self) -> bool:
        """Whether nothing more is to be waited for; never so without a process."""
        return bool(self.settled) and all(
            is_settled or process in self.lost for process, is_settled in self.settled.items()
        )

    @property
    def busiest(self) -> float:
        """The largest share of the time that a process was busy, 0 for none."""
        return max(self.busy.values(), default=0.0)

    @property
    def troubles(self) -> list[str]:
        """What went wrong, in words."""
        told = [
            f"a worker process was lost, with what it had measured last: {each}"
            for each in sorted(self.lost)
        ]
        told += [
            f"a worker process came after the beginning, and its load too late: {each}"
            for each in sorted(self.late)
        ]
        return told
