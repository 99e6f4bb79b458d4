"""Results of the benchmark of reports: all that one run measured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from statistics import median, quantiles
from typing import Any

from loadtest.bench_reports.crowd import Crowd
from loadtest.bench_reports.export import Export
from loadtest.bench_reports.generated import Generated
from loadtest.bench_reports.installation import Cpu, cores
from loadtest.bench_reports.questions import BEFORE, SAME, Run
from loadtest.bench_reports.traffic import Seen
from loadtest.common.environment import interpreter, processor

_PERCENT = 95


@dataclass(frozen=True, slots=True)
class Work:
    """CPU and time that something took."""

    seconds: float
    cpu: Cpu

    def __add__(self, more: "Work") -> "Work":
        """Return what both took, one after the other."""
        cpu = Cpu(*(one + other for one, other in zip(self.cpu, more.cpu, strict=True)))
        return Work(self.seconds + more.seconds, cpu)


@dataclass(frozen=True, slots=True)
class Calm:
    """Clicks that came in while nobody asked for reports, and what they took."""

    seen: Seen
    work: Work


@dataclass(slots=True)
class Results:
    """One run.

    Attributes:
        fill: what it took to make the clicks up.
        raw_bytes: of the clicks on disk.
        sums: what it took to make those of all days that are over.
        sums_bytes: of them on disk.
        added: clicks of the hottest link that earlier runs have left in a kept folder.
        runs: of each question.
        rush: clicks that came into sight while the crowd asked.
        exports: of few clicks and of many.
    """

    generated: Generated
    fill: Work | None = None
    raw_bytes: int = 0
    sums: Work | None = None
    sums_bytes: int = 0
    added: int = 0
    runs: dict[str, list[Run]] = field(default_factory=dict)
    calm: Calm | None = None
    crowd: Crowd | None = None
    rush: Seen | None = None
    exports: tuple[Export, Export] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether one scan and six found each click of the hottest link once."""
        found = {run.clicks for name in (BEFORE, SAME) for run in self.runs[name]}
        return found == {self.generated.hottest + self.added}

    def speedup(self) -> float:
        """Return how often the question of before is answered now in the time of one of before."""
        before, now = (median(run.seconds for run in self.runs[name]) for name in (BEFORE, SAME))
        return before / now

    def sums_share(self, taken_in: Work, clicks: int) -> float:
        """Return the CPU time of a click's sums, as a share of that for taking it in.

        Args:
            clicks: that were taken in.
        """
        assert self.sums
        return (sum(self.sums.cpu) / self.generated.clicks) / (sum(taken_in.cpu) / clicks)

    def p95_ms(self, question: str) -> float:
        """Return the 95th percentile of a question's answers."""
        return percentile_ms([run.seconds for run in self.runs[question]])

    def as_json(self) -> dict[str, Any]:
        """Return everything as it was measured, but the plan of what was made up."""
        plain = {
            name: _plain(getattr(self, name)) for name in ("fill", "sums", "calm", "crowd", "rush")
        }
        return {
            "interpreter": interpreter(),
            "processor": processor(),
            "cores": cores(),
            "clicks": self.generated.clicks,
            "links": self.generated.links,
            "days": self.generated.span_days,
            "raw_bytes": self.raw_bytes,
            "sums_bytes": self.sums_bytes,
            "added": self.added,
            "runs": {name: [asdict(run) for run in runs] for name, runs in self.runs.items()},
            **plain,
            "exports": [asdict(each) for each in self.exports or ()],
            "speedup": self.speedup(),
            "exact": self.is_exact,
        }


def percentile_ms(seconds: Sequence[float], percent: int = _PERCENT) -> float:
    """Return a percentile in milliseconds; the slowest where they are too few to have one.

    Where there was no answer at all it is without end.
    """
    many = len(seconds) * (100 - percent) >= 100
    return 1000 * (quantiles(seconds, n=100)[percent - 1] if many else max(seconds, default=inf))


def _plain(value: Any) -> Any:
    return asdict(value) if value else None
