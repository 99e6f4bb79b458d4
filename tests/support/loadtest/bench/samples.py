"""Made-up runs and results, plausible unless a test says otherwise."""

from dataclasses import replace

from loadtest.bench.load.closed_loop import ClosedRun
from loadtest.bench.load.open_loop import OpenRun
from loadtest.bench.report.results import LEVELS, FrozenRun, Results, Scaling, VariantResult
from loadtest.bench.servers.variants import VARIANTS

CLOSED = ClosedRun(
    requests=30_000,
    seconds=3,
    rps=10_000,
    cpu_us=90,
    redis_cpu_us=8,
    p50_ms=2,
    p99_ms=6,
    p999_ms=9,
    errors=0,
    server_core_busy=0.99,
    generator_core_busy=0.4,
    foreign_share=0,
)
OPEN = OpenRun(
    rate=5000,
    achieved=4990,
    planned=15_000,
    redirected=15_000,
    bad_status=0,
    broken=0,
    unanswered=0,
    latency_ms={"50": 0.5, "90": 1, "99": 3, "99.9": 9, "99.99": 12, "100": 14},
    lag_ms={"50": 0.02, "99": 0.1, "100": 1},
    cpu_share=0.3,
)
RPS = {"fast-lane": 40_000, "falcon-lane": 20_000, "stock": 1_000, "nginx": 60_000}


def sample_results(**rps: float) -> Results:
    """Return a complete run; throughput by variant as in RPS, hyphens written as underscores."""
    rates = RPS | {name.replace("_", "-"): rate for name, rate in rps.items()}
    results = Results({"interpreter": "CPython 3.11.2 (PGO and LTO)"})
    for variant in VARIANTS:
        if variant.name in rates:
            redis_cpu_us = 80 if variant.name == "stock" else 8
            closed = replace(CLOSED, rps=rates[variant.name], redis_cpu_us=redis_cpu_us)
            result = VariantResult(variant, [closed], {level: [OPEN] for level in LEVELS})
            result.worker_bytes, result.connection_bytes = 40 * 2**20, 600
            results.variants[variant.name] = result
        else:
            results.absent[variant.name] = f"no {variant.name} here"
    results.frozen = FrozenRun(20_000, 5, 14, 8, 0, 200_000, 200_000, "")
    results.scaling = Scaling(40_000, 76_000)
    return results
