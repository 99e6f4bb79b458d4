"""Targets that Hopline promises for its redirect, held against one run of the benchmark."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from loadtest.bench.load.closed_loop import ClosedRun
from loadtest.bench.report.figures import ratio
from loadtest.bench.report.results import QUOTED_LEVEL, Results, VariantResult

Verdict = Literal["met", "not met", "not measured", "void"]

_FAST = "fast-lane"
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """One target and what was found.

    Attributes:
        at_least: whether ``need`` is a lower bound; an upper bound otherwise.
        void: why the figure says nothing, or an empty text.
    """

    name: str
    need: float
    unit: str
    at_least: bool
    found: float | None
    void: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.void:
            return "void"
        if self.found is None:
            return "not measured"
        enough = self.found >= self.need if self.at_least else self.found <= self.need
        return "met" if enough else "not met"


def judge(results: Results) -> list[Judgement]:
    """Return every target with its figure."""
    return [
        *_throughput(results),
        *_latency(results),
        *_frozen(results),
        *_cost(results),
        *_memory(results),
        *_scaling(results),
    ]


def rps_ratio(results: Results, one: str, other: str) -> float | None:
    """Return the throughput of one variant ÷ that of another, from the medians."""
    rates = (_closed(results, name, lambda closed: closed.rps) for name in (one, other))
    return ratio(*rates)


def _throughput(results: Results) -> Iterator[Judgement]:
    for one, other, need in (
        (_FAST, "nginx", 0.5),
        (_FAST, "stock", 25),
        ("falcon-lane", "stock", 15),
        (_FAST, "fastify", 2.5),
        (_FAST, "fastapi", 20),
    ):
        found = rps_ratio(results, one, other)
        void = _closed_void(results, one) or _closed_void(results, other)
        yield Judgement(f"throughput: {one} ÷ {other}", need, "", True, found, void)


def _latency(results: Results) -> Iterator[Judgement]:
    fast = results.variants.get(_FAST)
    run = fast.at(QUOTED_LEVEL) if fast else None
    void = fast.open_void(QUOTED_LEVEL) if fast else ""
    for percentile, need in (("50", 1), ("99", 5), ("99.9", 20)):
        name = f"latency at {QUOTED_LEVEL} % load, p{percentile}"
        yield Judgement(name, need, "ms", False, run.latency_ms[percentile] if run else None, void)
    found = _closed(results, _FAST, lambda closed: closed.p99_ms / closed.p50_ms)
    void = _closed_void(results, _FAST)
    yield Judgement("fairness at saturation, p99 ÷ p50", 4, "", False, found, void)


def _frozen(results: Results) -> Iterator[Judgement]:
    run = results.frozen
    slowest_ms, void = (run.max_ms, run.void) if run else (None, "")
    errors, lost = (run.errors, run.lost) if run else (None, None)
    yield Judgement("Redis frozen: slowest response", 50, "ms", False, slowest_ms, void)
    yield Judgement("Redis frozen: errors", 0, "", False, errors)
    yield Judgement("Redis frozen: answered clicks missing in the stream", 0, "", False, lost)


def _cost(results: Results) -> Iterator[Judgement]:
    fast = _closed(results, _FAST, lambda closed: closed.redis_cpu_us)
    stock = _closed(results, "stock", lambda closed: closed.redis_cpu_us)
    void = _closed_void(results, _FAST)
    yield Judgement("Redis CPU a redirect", 10, "µs", False, fast, void)
    void = void or _closed_void(results, "stock")
    yield Judgement("Redis CPU: stock ÷ fast-lane", 8, "", True, ratio(stock, fast), void)


def _memory(results: Results) -> Iterator[Judgement]:
    fast = results.variants.get(_FAST)
    worker, idle = (fast.worker_bytes, fast.connection_bytes) if fast else (None, None)
    yield Judgement("memory of a worker", 60, "MB", False, ratio(worker, _MB))
    yield Judgement("memory of an idle connection", 1536, "bytes", False, idle)


def _scaling(results: Results) -> Iterator[Judgement]:
    scaling = results.scaling
    found = ratio(scaling.two_rps, scaling.one_rps) if scaling else None
    void = scaling.void if scaling else ""
    yield Judgement("two workers on two cores ÷ one", 1.7, "", True, found, void)


def _closed(results: Results, name: str, figure: Callable[[ClosedRun], float]) -> float | None:
    result: VariantResult | None = results.variants.get(name)
    return figure(result.closed) if result and result.closed else None


def _closed_void(results: Results, name: str) -> str:
    result = results.variants.get(name)
    return f"{name}: {result.closed_void}" if result and result.closed_void else ""
