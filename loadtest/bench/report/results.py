"""Results that one run of the benchmark found."""

from dataclasses import dataclass, field
from typing import Any

from loadtest.bench.load.closed_loop import ClosedRun
from loadtest.bench.load.open_loop import OpenRun
from loadtest.bench.report.figures import closed_void, median_run, open_void
from loadtest.bench.servers.server import Variant

#: Loads of the open loop, in percent of the variant's own maximum.
LEVELS = (20, 50, 80)
#: The load at which a variant's latency is quoted.
QUOTED_LEVEL = 50


@dataclass(slots=True)
class VariantResult:
    """What one variant did: every run, and its memory in bytes."""

    variant: Variant
    closed_runs: list[ClosedRun] = field(default_factory=list)
    open_runs: dict[int, list[OpenRun]] = field(default_factory=dict)
    worker_bytes: float | None = None
    connection_bytes: float | None = None

    @property
    def closed(self) -> ClosedRun | None:
        return median_run(self.closed_runs) if self.closed_runs else None

    def at(self, level: int) -> OpenRun | None:
        """Return the medians at a load in percent."""
        runs = self.open_runs.get(level)
        return median_run(runs) if runs else None

    @property
    def closed_void(self) -> str:
        """Why its throughput says nothing, or an empty text."""
        return closed_void(self.closed) if self.closed else ""

    def open_void(self, level: int) -> str:
        """Return why its latency at a load says nothing, or an empty text."""
        run = self.at(level)
        return open_void(run) if run else ""


@dataclass(frozen=True, slots=True)
class FrozenRun:
    """Redis frozen under load.

    Attributes:
        rate: requests a second that were due.
        answered: redirects that visitors got.
        recorded: distinct clicks on the same links in the stream, once Redis was back.
        void: why the latencies say nothing, or an empty text; errors and losses always count.
    """

    rate: float
    frozen_seconds: float
    max_ms: float
    p99_ms: float
    errors: int
    answered: int
    recorded: int
    void: str

    @property
    def lost(self) -> int:
        return max(0, self.answered - self.recorded)


@dataclass(frozen=True, slots=True)
class Scaling:
    """Throughput of one and of two workers, each on cores of its own; void says why not."""

    one_rps: float | None = None
    two_rps: float | None = None
    void: str = ""


@dataclass(slots=True)
class Results:
    """A whole run: by variant name what it did, or why it was absent."""

    environment: dict[str, Any]
    variants: dict[str, VariantResult] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    frozen: FrozenRun | None = None
    scaling: Scaling | None = None
