"""Results that one benchmark found, held against what was promised."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from loadtest.bench_workers.light_load import LightLoad
from loadtest.bench_workers.lower_bounds import LowerBound
from loadtest.bench_workers.runs import Run
from loadtest.common.environment import interpreter
from loadtest.common.targets import Target, at_least, at_most

ONE, TWO, PLAIN = "Hopline, 1 consumer", "Hopline, 2 consumers", "straightforward"
#: Two consumers, Redis and ClickHouse: with fewer cores they take each other's time.
_CORES_FOR_TWO = 4


@dataclass(slots=True)
class Results:
    """All runs by who ran, lower bounds by name, and the light load."""

    entries: int
    runs: dict[str, list[Run]] = field(default_factory=dict)
    lower_bounds: dict[str, list[LowerBound]] = field(default_factory=dict)
    light: LightLoad | None = None

    def median(self, who: str, what: Callable[[Run], float]) -> float:
        """Return the median over the runs of one kind."""
        return median(what(run) for run in self.runs[who])

    @property
    def is_exact(self) -> bool:
        """Whether every run stored each click id of its backlog, and none twice."""
        runs = (run for each in self.runs.values() for run in each)
        return all(run.distinct == run.entries for run in runs)

    def as_json(self) -> dict[str, Any]:
        """Return everything as it was measured."""
        return {
            "interpreter": interpreter(),
            "cores": len(os.sched_getaffinity(0)),
            "entries": self.entries,
            "runs": {who: [asdict(run) for run in each] for who, each in self.runs.items()},
            "walls": {
                name: [asdict(bound) for bound in each] for name, each in self.lower_bounds.items()
            },
            "light_load": asdict(self.light) if self.light else None,
            "targets": [target._asdict() for target in targets(self)],
            "exact": self.is_exact,
        }


def targets(results: Results) -> Iterator[Target]:
    """Yield every promise with what was found."""
    cpu = results.median(ONE, lambda run: run.cpu_us)
    yield at_most("consumer CPU a click, everything on", cpu, 12, "{:.1f} µs")
    ratio = results.median(PLAIN, lambda run: run.cpu_us) / cpu
    yield at_least("straightforward ÷ Hopline, CPU a click", ratio, 3, "{:.1f}")
    speed = results.median(ONE, lambda run: run.clicks_per_second)
    ratio = speed / results.median(PLAIN, lambda run: run.clicks_per_second)
    yield at_least("straightforward ÷ Hopline, wall", ratio, 2.5, "{:.1f}")
    ratio = results.median(TWO, lambda run: run.clicks_per_second) / speed
    cores = len(os.sched_getaffinity(0))
    two = at_least("two consumers ÷ one", ratio, 1.7, "{:.2f}")
    if cores < _CORES_FOR_TWO:
        text = f"{two.found}, void: {cores} cores for consumers, Redis and ClickHouse"
        two = two._replace(found=text, is_met=None)
    yield two
    drained = results.median(TWO, lambda run: run.seconds)
    yield at_most(f"backlog of {results.entries:,} drained", drained, 25, "{:.1f} s")
    memory = max(run.memory_bytes for who in (ONE, TWO) for run in results.runs[who]) / 1e6
    yield at_most("memory of a consumer", memory, 200, "{:.0f} MB")
    if results.light:
        yield at_most("click → queryable, p99", results.light.p99_seconds, 2, "{:.2f} s")
        yield at_most("idle, of a core", results.light.idle_share * 100, 1, "{:.2f} %")


def stages(runs: Sequence[Run]) -> dict[str, float]:
    """Return the median CPU µs a click by stage, with what no stage explains as ``rest``."""
    found = {name: median(run.stages_us[name] for run in runs) for name in runs[0].stages_us}
    rest = median(run.cpu_us for run in runs) - sum(found.values())
    return {**found, "rest": max(0.0, rest)}
